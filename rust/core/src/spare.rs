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

/// A spare mapping of at least `n_bytes`, if there is one.
fn take(n_bytes: usize) -> Option<MmapMut> {
    // A child that was forked while another thread held the lock finds it locked for ever: it goes without.
    take_from(&mut *SPARE.try_lock().ok()?, n_bytes)
}

/// Keeps a mapping for later.
fn keep(map: MmapMut) {
    let given_back = match SPARE.try_lock() {
        Ok(mut spare) => keep_in(&mut spare, map),
        Err(_) => vec![map],
    };
    // To give memory back takes a while, in which others may go on.
    drop(given_back);
}

/// The smallest mapping that is long enough, but not much longer.
fn take_from(spare: &mut Vec<MmapMut>, n_bytes: usize) -> Option<MmapMut> {
    let fits = |map: &MmapMut| (n_bytes..=n_bytes.saturating_mul(MAX_EXCESS).max(HUGE_PAGE)).contains(&map.len());
    let fitting = spare.iter().enumerate().filter(|(_, map)| fits(map));
    let (place, _) = fitting.min_by_key(|(_, map)| map.len())?;
    Some(spare.remove(place))
}

/// Adds a mapping, and returns those to give back: it if it is too large, or the ones that have waited for longest.
fn keep_in(spare: &mut Vec<MmapMut>, map: MmapMut) -> Vec<MmapMut> {
    if map.len() > MAX_KEPT {
        return vec![map];
    }
    spare.push(map);
    let mut kept = 0;
    let n_kept = spare.iter().rev().take_while(|map| {
        kept += map.len();
        kept <= MAX_KEPT
    });
    let n_given_back = spare.len() - n_kept.count();
    spare.drain(..n_given_back).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn map(len: usize) -> MmapMut {
        MmapOptions::new().len(len).map_anon().unwrap()
    }

    fn lens(maps: &[MmapMut]) -> Vec<usize> {
        maps.iter().map(|map| map.len()).collect()
    }

    #[test]
    fn the_smallest_that_fits_is_taken_and_none_that_wastes_more_than_half() {
        let mut spare: Vec<MmapMut> = [8, 2, 4, 6].map(|n_pages| map(n_pages * HUGE_PAGE)).into();
        assert_eq!(take_from(&mut spare, 3 * HUGE_PAGE).unwrap().len(), 4 * HUGE_PAGE);
        assert_eq!(take_from(&mut spare, 3 * HUGE_PAGE).unwrap().len(), 6 * HUGE_PAGE);
        assert!(take_from(&mut spare, 3 * HUGE_PAGE).is_none());
        assert!(take_from(&mut spare, 9 * HUGE_PAGE).is_none());
        assert_eq!(lens(&spare), [8 * HUGE_PAGE, 2 * HUGE_PAGE]);
    }

    #[test]
    fn those_that_waited_for_longest_make_room_and_the_too_large_are_not_kept() {
        let (mut spare, half) = (Vec::new(), MAX_KEPT / 2);
        assert!(keep_in(&mut spare, map(half)).is_empty());
        assert!(keep_in(&mut spare, map(half - HUGE_PAGE)).is_empty());
        assert_eq!(lens(&keep_in(&mut spare, map(2 * HUGE_PAGE))), [half]);
        assert_eq!(lens(&keep_in(&mut spare, map(MAX_KEPT + HUGE_PAGE))), [MAX_KEPT + HUGE_PAGE]);
        assert_eq!(lens(&spare), [half - HUGE_PAGE, 2 * HUGE_PAGE]);
    }

    #[test]
    fn what_is_left_of_a_mapping_is_there_again() {
        let mut spare = Vec::new();
        let mut left = map(HUGE_PAGE);
        left[17] = 42;
        keep_in(&mut spare, left);
        assert_eq!(take_from(&mut spare, 1).unwrap()[17], 42);
    }
}
