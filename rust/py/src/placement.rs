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

/// The least time between two looks while there is work: a look takes 2 us, and the caller asks at least every 25 ms.
const INTERVAL: Duration = Duration::from_millis(20);

/// How often in a row others are seen to run before workers are let go while there is work: now and then a thread of the
/// kernel runs, and workers are not held again before they rest.
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
    /// Computations that run.
    n_active: usize,
    n_crowded: u32,
    ended: Instant,
    looked: Instant,
}

/// A computation; workers may rest when it is dropped.
pub(crate) struct Active<'a>(&'a Placement);

impl Placement {
    pub(crate) fn new(n_threads: usize) -> Self {
        let now = Instant::now();
        Self {
            threads: (0..n_threads).map(|_| AtomicI32::new(0)).collect(),
            load: File::open("/proc/loadavg").ok(),
            state: Mutex::new(State { held: None, n_active: 0, n_crowded: 0, ended: now, looked: now }),
        }
    }

    /// Called by each worker when it starts.
    pub(crate) fn enter(&self, index: usize) {
        if let Some(thread) = self.threads.get(index) {
            thread.store(gettid().as_raw_nonzero().get(), Ordering::Relaxed);
        }
    }

    /// Before a computation: holds workers that rest if the calling thread has a CPU for each, and nothing but it runs.
    pub(crate) fn begin(&self) -> Active<'_> {
        if let Ok(mut state) = self.state.lock() {
            state.n_active += 1;
            // Beside another computation its workers run: who came first has decided.
            if state.n_active == 1 {
                self.decide(&mut state);
            }
        }
        Active(self)
    }

    fn decide(&self, state: &mut State) {
        let Ok(cpus) = sched_getaffinity(None) else { return };
        let has_enough = self.threads.len() > 1 && cpus.count() as usize == self.threads.len();
        if !has_enough || state.held.is_some_and(|held| held != cpus) {
            self.let_go(state);
        }
        if !has_enough {
            return;
        }
        if state.ended.elapsed() < REST {
            self.look(state, 1);
        } else if self.others_run(1) {
            self.let_go(state);
        } else if state.held.is_none() {
            self.hold(state, cpus);
        }
    }

    /// During a computation: lets workers go if others run besides them and the callers.
    pub(crate) fn look_around(&self) {
        if let Ok(mut state) = self.state.lock() {
            let expected = self.threads.len() + state.n_active;
            self.look(&mut state, expected);
        }
    }

    /// Lets workers go if more threads run than `expected`, time and again.
    fn look(&self, state: &mut State, expected: usize) {
        if state.held.is_some() && state.looked.elapsed() >= INTERVAL {
            state.looked = Instant::now();
            state.n_crowded = if self.others_run(expected) { state.n_crowded + 1 } else { 0 };
            if state.n_crowded >= PATIENCE {
                self.let_go(state);
            }
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

    /// The workers that have started, and the CPU of each.
    fn places(&self, cpus: CpuSet) -> impl Iterator<Item = (Pid, usize)> {
        let each = (0..CpuSet::MAX_CPU).filter(move |cpu| cpus.is_set(*cpu));
        let threads = self.threads.iter().map(|thread| Pid::from_raw(thread.load(Ordering::Relaxed)));
        threads.zip(each).filter_map(|(thread, cpu)| Some((thread?, cpu)))
    }

    // Where a system forbids it, threads run where they did.
    fn hold(&self, state: &mut State, cpus: CpuSet) {
        for (thread, cpu) in self.places(cpus) {
            let mut one = CpuSet::new();
            one.set(cpu);
            let _ = sched_setaffinity(Some(thread), &one);
        }
        (state.held, state.n_crowded, state.looked) = (Some(cpus), 0, Instant::now());
    }

    fn let_go(&self, state: &mut State) {
        let Some(cpus) = state.held.take() else { return };
        for (thread, cpu) in self.places(cpus) {
            // Whoever has moved the thread in the meantime knows why.
            let is_held = |now: &CpuSet| now.count() == 1 && now.is_set(cpu);
            if sched_getaffinity(Some(thread)).as_ref().is_ok_and(is_held) {
                let _ = sched_setaffinity(Some(thread), &cpus);
            }
        }
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        if let Ok(mut state) = self.0.state.lock() {
            state.n_active = state.n_active.saturating_sub(1);
            state.ended = Instant::now();
        }
    }
}
