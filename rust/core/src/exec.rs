//! How a computation runs: its SIMD level and its way to be stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use fearless_simd::Level;

use crate::{Error, Result, simd};

/// A flag that another thread raises to stop a computation.
///
/// Kernels look at it once per chunk, so a raised flag ends any call within milliseconds.
#[derive(Debug, Default)]
pub struct Interrupt(AtomicBool);

impl Interrupt {
    /// Asks the computation to stop.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether a stop was asked for.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What every kernel is handed: the SIMD level to run at and the flag that stops it.
#[derive(Debug, Clone, Copy)]
pub struct Exec<'a> {
    /// Instruction set; results are the same bits at every level with fused multiply-add (AVX2, AVX-512, NEON).
    pub level: Level,
    /// Raised by the caller to stop.
    pub interrupt: &'a Interrupt,
}

impl<'a> Exec<'a> {
    /// Runs at the level of this process ([`simd::level`]).
    #[must_use]
    pub fn new(interrupt: &'a Interrupt) -> Self {
        Self { level: simd::level(), interrupt }
    }

    /// Fails once the flag is raised.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn check(&self) -> Result<()> {
        if self.interrupt.is_raised() { Err(Error::Interrupted) } else { Ok(()) }
    }
}
