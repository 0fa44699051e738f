//! Leaving Python and coming back: the only place that detaches, chooses the pool, polls signals and maps failures.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clast_core::{Exec, Interrupt, Result, simd};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::errors::to_python;
use crate::placement::Placement;

/// How often the waiting thread looks for Ctrl-C: well under the 100 ms at which a stop feels late.
const POLL: Duration = Duration::from_millis(25);

/// What a running computation tells the thread that waits for it.
enum Message<E, O> {
    Event(E),
    Done(std::thread::Result<Result<O>>),
}

/// Runs `work` in the pool without the GIL; Ctrl-C stops it.
pub(crate) fn run<O: Send>(py: Python<'_>, work: impl FnOnce(&Exec<'_>) -> Result<O> + Send) -> PyResult<O> {
    let (failure, outcome) = run_with_events(py, |exec, _: &Sender<Message<(), O>>| work(exec), |()| Ok(()))?;
    failure.map_or_else(|| finish(outcome), Err)
}

/// Runs `work` on the calling thread: for what is over before a thread of the pool wakes up, and never shares its work.
pub(crate) fn run_here<O>(work: impl FnOnce(&Exec<'_>) -> Result<O>) -> PyResult<O> {
    let interrupt = Interrupt::default();
    finish(catch_unwind(AssertUnwindSafe(|| work(&Exec::new(&interrupt)))))
}

/// As [`run`], for iterations: whatever `work` reports is handed to `on_event` on the calling thread.
///
/// An error of `on_event` stops the computation and is returned.
pub(crate) fn drive<E: Send, O: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Exec<'_>, &mut (dyn FnMut(E) + Send)) -> Result<O> + Send,
    on_event: impl FnMut(E) -> PyResult<()> + Send,
) -> PyResult<O> {
    let (failure, outcome) = run_with_reports(py, work, on_event)?;
    failure.map_or_else(|| finish(outcome), Err)
}

/// As [`drive`], for work that answers with what it has when Ctrl-C stops it: an answer then counts more than the stop.
pub(crate) fn drive_to_answer<E: Send, O: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Exec<'_>, &mut (dyn FnMut(E) + Send)) -> Result<O> + Send,
    on_event: impl FnMut(E) -> PyResult<()> + Send,
) -> PyResult<O> {
    match run_with_reports(py, work, on_event)? {
        (Some(failure), outcome)
            if !failure.is_instance_of::<PyKeyboardInterrupt>(py) || !matches!(outcome, Ok(Ok(_))) =>
        {
            Err(failure)
        }
        (_, outcome) => finish(outcome),
    }
}

fn run_with_reports<E: Send, O: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Exec<'_>, &mut (dyn FnMut(E) + Send)) -> Result<O> + Send,
    on_event: impl FnMut(E) -> PyResult<()> + Send,
) -> PyResult<Finished<O>> {
    run_with_events(
        py,
        |exec, sender| {
            // A receiver that is gone has stopped the computation already.
            work(exec, &mut |event| drop(sender.send(Message::Event(event))))
        },
        on_event,
    )
}

/// Why it was stopped, if it was, and what came of it.
type Finished<O> = (Option<PyErr>, std::thread::Result<Result<O>>);

fn run_with_events<E: Send, O: Send>(
    py: Python<'_>,
    work: impl FnOnce(&Exec<'_>, &Sender<Message<E, O>>) -> Result<O> + Send,
    on_event: impl FnMut(E) -> PyResult<()> + Send,
) -> PyResult<Finished<O>> {
    let Entry { pool, placement, .. } = entry_of_process()?;
    py.detach(|| {
        let interrupt = Interrupt::default();
        let (sender, receiver) = channel();
        let _active = placement.begin();
        pool.in_place_scope(|scope| {
            let exec = Exec::new(&interrupt);
            scope.spawn(move |_| {
                let outcome = catch_unwind(AssertUnwindSafe(|| work(&exec, &sender)));
                drop(sender.send(Message::Done(outcome)));
            });
            wait(&receiver, &interrupt, placement, on_event)
        })
    })
}

/// Waits for the outcome on the calling thread, the only one where Python delivers signals.
fn wait<E, O>(
    receiver: &Receiver<Message<E, O>>,
    interrupt: &Interrupt,
    placement: &Placement,
    mut on_event: impl FnMut(E) -> PyResult<()>,
) -> PyResult<Finished<O>> {
    let mut failure = None;
    loop {
        let step = match receiver.recv_timeout(POLL) {
            Ok(Message::Done(outcome)) => return Ok((failure, outcome)),
            Ok(Message::Event(event)) if failure.is_none() => on_event(event),
            Ok(Message::Event(_)) => Ok(()),
            Err(RecvTimeoutError::Timeout) => check_signals(),
            Err(RecvTimeoutError::Disconnected) => return Err(PyRuntimeError::new_err("a worker thread vanished")),
        };
        placement.look_around();
        if let Err(error) = step {
            interrupt.raise();
            failure.get_or_insert(error);
        }
    }
}

#[allow(clippy::redundant_closure_for_method_calls, reason = "the method alone fixes a lifetime that must stay free")]
fn check_signals() -> PyResult<()> {
    Python::attach(|py| py.check_signals())
}

fn finish<O>(outcome: std::thread::Result<Result<O>>) -> PyResult<O> {
    match outcome {
        Ok(result) => result.map_err(|error| to_python(&error)),
        Err(panic) => Err(PyRuntimeError::new_err(format!("internal error, please report it: {}", text(&*panic)))),
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message")
}

/// A pool and where its workers run, the process that built it and the pools built before it.
struct Entry {
    process: u32,
    n_threads: usize,
    pool: ThreadPool,
    placement: Arc<Placement>,
    next: Option<&'static Entry>,
}

/// All pools ever built, newest first: one per process and thread count that were used, never freed.
///
/// A forked child inherits the list but not the threads, so it must neither use nor drop the parent's pools: it finds
/// no entry of its own process and adds one. No lock is involved that the fork could have left locked.
static POOLS: AtomicPtr<Entry> = AtomicPtr::new(std::ptr::null_mut());

fn entry_of_process() -> PyResult<&'static Entry> {
    let (process, n_threads) = (std::process::id(), num_threads());
    let mut newest = POOLS.load(Ordering::Acquire);
    let mut entry = entry(newest);
    while let Some(known) = entry {
        if known.process == process && known.n_threads == n_threads {
            return Ok(known);
        }
        entry = known.next;
    }
    let placement = Arc::new(Placement::new(n_threads));
    let pool = build_pool(n_threads, &placement)?;
    let added: &'static mut Entry = Box::leak(Box::new(Entry { process, n_threads, pool, placement, next: None }));
    loop {
        added.next = self::entry(newest);
        match POOLS.compare_exchange(newest, added, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => return Ok(added),
            Err(other) => newest = other,
        }
    }
}

#[expect(unsafe_code, reason = "the list of pools must survive a fork without a lock")]
fn entry(pointer: *mut Entry) -> Option<&'static Entry> {
    // SAFETY: POOLS only ever holds null or entries that were leaked and are not written after they were published.
    unsafe { pointer.as_ref() }
}

fn build_pool(n_threads: usize, placement: &Arc<Placement>) -> PyResult<ThreadPool> {
    let placement = Arc::clone(placement);
    let builder = ThreadPoolBuilder::new().num_threads(n_threads).thread_name(|i| format!("clast-{i}"));
    builder.start_handler(move |index| placement.enter(index)).build().map_err(|error| {
        let cure = "set fewer with clast.set_num_threads() or CLAST_NUM_THREADS";
        PyRuntimeError::new_err(format!("cannot start {n_threads} threads: {error}; {cure}"))
    })
}

/// Most threads: there are no more chunks than this to share out, and threads without work spin until nothing moves.
const MAX_THREADS: usize = 256;

/// The count set by the user; 0 until then.
static CHOSEN_THREADS: AtomicUsize = AtomicUsize::new(0);

fn num_threads() -> usize {
    match CHOSEN_THREADS.load(Ordering::Relaxed) {
        0 => default_threads(),
        chosen => chosen,
    }
}

/// `CLAST_NUM_THREADS`, else `OMP_NUM_THREADS` (which joblib and Dask set in their workers), else what the machine and
/// its control group allow.
fn default_threads() -> usize {
    static DEFAULT: OnceLock<usize> = OnceLock::new();
    *DEFAULT.get_or_init(|| {
        ["CLAST_NUM_THREADS", "OMP_NUM_THREADS"]
            .into_iter()
            .find_map(threads_from)
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .min(MAX_THREADS)
    })
}

/// The first number of a variable; OpenMP allows a list with one number per nesting level.
fn threads_from(variable: &str) -> Option<usize> {
    let value = std::env::var(variable).ok()?;
    value.split(',').next()?.trim().parse().ok().filter(|count| *count > 0)
}

/// Number of threads that clast computes with.
#[pyfunction]
pub(crate) fn get_num_threads() -> usize {
    num_threads()
}

/// Sets the number of threads that clast computes with, at least 1.
#[pyfunction]
pub(crate) fn set_num_threads(n_threads: isize) -> PyResult<()> {
    match usize::try_from(n_threads) {
        Ok(count) if (1..=MAX_THREADS).contains(&count) => {
            CHOSEN_THREADS.store(count, Ordering::Relaxed);
            Ok(())
        }
        Ok(count) if count > MAX_THREADS => {
            Err(PyValueError::new_err(format!("'n_threads' is {count}, but must be at most {MAX_THREADS}")))
        }
        _ => Err(PyValueError::new_err(format!("'n_threads' is {n_threads}, but must be at least 1"))),
    }
}

/// For threadpoolctl, which reaches libraries through their C symbols.
#[expect(unsafe_code, reason = "threadpoolctl looks the symbol up by its plain name")]
// SAFETY: no other library of the process exports a symbol with the project's name in it.
#[unsafe(no_mangle)]
extern "C" fn clast_get_num_threads() -> i32 {
    i32::try_from(num_threads()).unwrap_or(i32::MAX)
}

/// For threadpoolctl; counts below 1 are ignored, as OpenMP does.
#[expect(unsafe_code, reason = "threadpoolctl looks the symbol up by its plain name")]
// SAFETY: no other library of the process exports a symbol with the project's name in it.
#[unsafe(no_mangle)]
extern "C" fn clast_set_num_threads(n_threads: i32) {
    if let Ok(count @ 1..) = usize::try_from(n_threads) {
        CHOSEN_THREADS.store(count.min(MAX_THREADS), Ordering::Relaxed);
    }
}

/// Instruction set in use: "avx512", "avx2", "neon" or "fallback".
#[pyfunction]
pub(crate) fn simd_level() -> &'static str {
    simd::name(simd::level())
}

/// How this extension was built.
#[pyfunction]
pub(crate) fn build_info() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("version", env!("CARGO_PKG_VERSION")),
        ("profile", if cfg!(debug_assertions) { "debug" } else { "release" }),
        ("target", std::env::consts::ARCH),
        ("simd", simd_level()),
    ])
}
