//! On which CPUs workers run: one each, as long as nobody else wants to.
//!
//! A thread that wakes up is put on a CPU that looks idle. In a virtual machine few do: one that the host has taken away
//! looks busy, and one where the caller has computed until now looks loaded. All workers then wake up on the same CPU, and
//! stay there until the scheduler looks again, some milliseconds later: measured on two CPUs, after 200 ms of work on one
//! thread, superpixels of 512 x 512 pixels took 28 ms in place of 13.
//!
//! Workers that must stay where others run wait for them instead, and are slower than if they were left alone. So they are
//! held only while the machine is otherwise idle, and let go as soon as it is seen not to be.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, Pid, gettid, sched_getaffinity, sched_setaffinity};

/// After this time without work all workers sleep, and whatever runs is somebody else's: they look for work for some
/// microseconds.
const REST: Duration = Duration::from_millis(1);

/// How often in a row others are seen to run before workers are let go amid a computation: now and then a thread of the
/// kernel runs, and it may be long until the next computation.
const PATIENCE: u32 = 2;

/// Where the workers of a pool run.
pub(crate) struct Placement {
    /// The workers' thread ids; 0 before they have started.
    threads: Vec<AtomicI32>,
    load: Option<File>,
    state: Mutex<State>,
}

struct State {
    /// The CPUs of which each worker has one; none while they are free to run anywhere.
    held: Option<CpuSet>,
    n_crowded: u32,
    ended: Instant,
}

impl Placement {
    pub(crate) fn new(n_threads: usize) -> Self {
        Self {
            threads: (0..n_threads).map(|_| AtomicI32::new(0)).collect(),
            load: File::open("/proc/loadavg").ok(),
            state: Mutex::new(State { held: None, n_crowded: 0, ended: Instant::now() }),
        }
    }

    /// Called by each worker when it starts.
    pub(crate) fn enter(&self, index: usize) {
        if let Some(thread) = self.threads.get(index) {
            thread.store(gettid().as_raw_nonzero().get(), Ordering::Relaxed);
        }
    }

    /// Before a computation: holds workers if there is a CPU for each, and nothing but the caller runs.
    pub(crate) fn begin(&self) {
        let (Ok(mut state), Ok(cpus)) = (self.state.lock(), sched_getaffinity(None)) else { return };
        if self.threads.len() < 2 || cpus.count() as usize != self.threads.len() {
            return self.let_go(&mut state);
        }
        if state.held.is_some_and(|held| held != cpus) {
            self.let_go(&mut state);
        }
        if state.ended.elapsed() < REST {
            return;
        }
        if self.others_run(1) {
            self.let_go(&mut state);
        } else if state.held.is_none() {
            self.hold(&mut state, cpus);
        }
    }

    /// During a computation: lets workers go if others run besides them and the caller.
    pub(crate) fn look_around(&self) {
        let Ok(mut state) = self.state.lock() else { return };
        if state.held.is_some() {
            state.n_crowded = if self.others_run(self.threads.len() + 1) { state.n_crowded + 1 } else { 0 };
            if state.n_crowded >= PATIENCE {
                self.let_go(&mut state);
            }
        }
    }

    /// After a computation.
    pub(crate) fn end(&self) {
        if let Ok(mut state) = self.state.lock() {
            state.ended = Instant::now();
        }
    }

    /// Whether more threads run on this machine than `expected`.
    fn others_run(&self, expected: usize) -> bool {
        self.n_running().is_none_or(|n_running| n_running > expected)
    }

    /// Threads that run at this moment, of all processes.
    fn n_running(&self) -> Option<usize> {
        let mut text = [0; 64];
        let n_bytes = self.load.as_ref()?.read_at(&mut text, 0).ok()?;
        // Three averages, then running and existing threads: 0.20 0.18 0.12 1/80 11206
        let threads = std::str::from_utf8(text.get(..n_bytes)?).ok()?.split(' ').nth(3)?;
        threads.split('/').next()?.parse().ok().filter(|n_running| *n_running > 0)
    }

    fn hold(&self, state: &mut State, cpus: CpuSet) {
        let each = (0..CpuSet::MAX_CPU).filter(|cpu| cpus.is_set(*cpu));
        for (thread, cpu) in self.threads.iter().zip(each) {
            let mut one = CpuSet::new();
            one.set(cpu);
            place(thread, &one);
        }
        (state.held, state.n_crowded) = (Some(cpus), 0);
    }

    fn let_go(&self, state: &mut State) {
        if let Some(cpus) = state.held.take() {
            self.threads.iter().for_each(|thread| place(thread, &cpus));
        }
    }
}

fn place(thread: &AtomicI32, cpus: &CpuSet) {
    if let Some(thread) = Pid::from_raw(thread.load(Ordering::Relaxed)) {
        // Where a system forbids it, threads run where they did.
        let _ = sched_setaffinity(Some(thread), cpus);
    }
}
