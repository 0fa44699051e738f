//! Memory that a finished computation leaves to the next one.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use memmap2::{Advice, MmapMut, MmapOptions};

/// Linux aligns a mapping for huge pages if its length is a multiple of their size.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Bytes kept at most: what superpixels of a 4-megapixel photo or the k-means of 12 million pixels need, and about what
/// Python has taken by the time it has imported the libraries of a scientist.
const MAX_KEPT: usize = 256 << 20;

/// Times as much as was asked for that a spare mapping may have.
const MAX_EXCESS: usize = 2;

static SPARE: Mutex<Vec<MmapMut>> = Mutex::new(Vec::new());

/// Memory from the system, on huge pages where it has them, which is kept when dropped.
///
/// The system clears memory that it gives anew (measured: superpixels of 4 megapixels 185 ms, with memory from the call
/// before 153 ms), and a virtual machine that has given it back to its host first has to get it again (12 megapixels
/// 0.7 s in a loop, 1.0 s with other work in between, of which the system took 0.6 s).
#[derive(Debug)]
pub(crate) struct Mapping(Option<MmapMut>);

impl Mapping {
    /// At least `n_bytes`, zeros or what is left of an earlier mapping; `None` if the system has none.
    pub(crate) fn new(n_bytes: usize) -> Option<Self> {
        if let Some(spare) = take(n_bytes) {
            return Some(Self(Some(spare)));
        }
        let map = MmapOptions::new().len(n_bytes.checked_next_multiple_of(HUGE_PAGE)?).map_anon().ok()?;
        // A system without huge pages refuses, and the memory is as good as any.
        drop(map.advise(Advice::HugePage));
        Some(Self(Some(map)))
    }
}

impl Deref for Mapping {
    type Target = [u8];

    #[inline(always)]
    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Mapping {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        if let Some(map) = self.0.take() {
            keep(map);
        }
    }
}

/// The smallest spare mapping that is long enough, but not much longer.
fn take(n_bytes: usize) -> Option<MmapMut> {
    // A child that was forked while another thread held the lock finds it locked for ever: it goes without.
    let mut spare = SPARE.try_lock().ok()?;
    let fits = |map: &MmapMut| (n_bytes..=n_bytes.saturating_mul(MAX_EXCESS).max(HUGE_PAGE)).contains(&map.len());
    let fitting = spare.iter().enumerate().filter(|(_, map)| fits(map));
    let (place, _) = fitting.min_by_key(|(_, map)| map.len())?;
    Some(spare.remove(place))
}

/// Keeps a mapping for later, instead of those that have waited for longest if there are too many.
fn keep(map: MmapMut) {
    if map.len() > MAX_KEPT {
        return;
    }
    let Ok(mut spare) = SPARE.try_lock() else { return };
    spare.push(map);
    let mut kept = 0;
    let n_kept = spare.iter().rev().take_while(|map| {
        kept += map.len();
        kept <= MAX_KEPT
    });
    let n_given_back = spare.len() - n_kept.count();
    let given_back: Vec<MmapMut> = spare.drain(..n_given_back).collect();
    // To give memory back takes a while, in which others may go on.
    drop(spare);
    drop(given_back);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The other tests of this process share the spare memory: nothing is said about which mapping is found.
    #[test]
    fn a_mapping_is_long_enough_and_no_more_is_kept_than_allowed() {
        for len in [1, HUGE_PAGE, 3 * HUGE_PAGE + 1, MAX_KEPT, MAX_KEPT + 1, 5] {
            let mut mapping = Mapping::new(len).into_iter();
            assert!(
                mapping.all(|mapping| (len..=(MAX_EXCESS * len).max(HUGE_PAGE) + HUGE_PAGE).contains(&mapping.len()))
            );
            let kept: usize = SPARE.try_lock().map_or(0, |spare| spare.iter().map(|map| map.len()).sum());
            assert!(kept <= MAX_KEPT);
        }
    }
}
