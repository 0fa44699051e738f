//! Which instruction set kernels run at.
//!
//! Kernels are generic over [`fearless_simd::Simd`] and instantiated once per level; the level is detected once.
//! `CLAST_SIMD` (`fallback`, `avx2`, `avx512` or `neon`) can lower it, for tests; it never raises it.

pub(crate) mod math;
mod prefetch;
mod tile;

use std::sync::OnceLock;

pub use fearless_simd::Level;
pub(crate) use prefetch::prefetch;
pub(crate) use tile::Labelled;
pub use tile::{Features, MAX_LANES, TILE, Tile};

/// The level of this process: what the machine has, lowered by `CLAST_SIMD`.
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| match std::env::var("CLAST_SIMD") {
        Ok(wanted) => levels().into_iter().find(|level| name(*level) == wanted).unwrap_or_else(Level::new),
        Err(_) => Level::new(),
    })
}

/// Every level this machine can run, lowest first.
#[must_use]
pub fn levels() -> Vec<Level> {
    let best = Level::new();
    #[cfg(target_arch = "x86_64")]
    let upper = [best.as_avx2().map(Level::Avx2), best.as_avx512().map(Level::Avx512)];
    #[cfg(target_arch = "aarch64")]
    let upper = [best.as_neon().map(Level::Neon)];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let upper: [Option<Level>; 0] = [];
    let mut levels = vec![Level::baseline()];
    levels.extend(upper.into_iter().flatten().filter(|level| name(*level) != name(Level::baseline())));
    levels
}

/// The name that `CLAST_SIMD` knows a level by.
#[must_use]
pub fn name(level: Level) -> &'static str {
    match level {
        #[cfg(target_arch = "x86_64")]
        Level::Avx512(_) => "avx512",
        #[cfg(target_arch = "x86_64")]
        Level::Avx2(_) => "avx2",
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => "neon",
        _ => "fallback",
    }
}

/// Whether a level fuses multiply and add, the condition for bit-identical results.
#[must_use]
pub fn is_fused(level: Level) -> bool {
    name(level) != "fallback"
}
