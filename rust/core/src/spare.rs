//! Memory that a finished computation leaves to the next one.

use std::ops::{Deref, DerefMut};
use std::sync::Mutex;
use std::sync::atomic::{Ordering, compiler_fence};

use memmap2::{Advice, MmapMut, MmapOptions, UncheckedAdvice};

/// Linux aligns a mapping for huge pages if its length is a multiple of their size.
pub(crate) const HUGE_PAGE: usize = 2 << 20;

/// Bytes kept at most for good: what superpixels of a 4-megapixel photo or the k-means of 12 million pixels need, and about
/// what Python has taken by the time it has imported the libraries of a scientist.
const MAX_KEPT: usize = 256 << 20;

/// Bytes kept at most with those that the system may take as soon as it needs them: what superpixels of a 24-megapixel
/// photo need.
const MAX_LENT: usize = 1 << 30;

/// Bytes of a page, or fewer.
const PAGE: usize = 4096;

/// Times as much as was asked for that a spare mapping may have.
const MAX_EXCESS: usize = 2;

static SPARE: Mutex<Vec<Spare>> = Mutex::new(Vec::new());

/// A mapping that nobody uses.
struct Spare {
    map: MmapMut,
    /// Whether the system may take it: its pages then turn into zeros, one by one, until they are written.
    is_lent: bool,
}

impl Spare {
    /// Says that the system may take the memory; returns whether it has understood.
    fn lend(&mut self) -> bool {
        // SAFETY: pages that turn into zeros are as good as any, as long as nobody reads them in between: `take_back` writes
        // each before anybody does.
        #[expect(unsafe_code, reason = "the system may change the memory until it is written")]
        let is_lent = unsafe { self.map.unchecked_advise(UncheckedAdvice::Free) }.is_ok();
        self.is_lent |= is_lent;
        is_lent
    }

    /// The memory, which the system may no longer take.
    fn take_back(mut self) -> MmapMut {
        if self.is_lent {
            for page in self.map.chunks_mut(PAGE) {
                page[0] = 0;
            }
            // Nothing is read before.
            compiler_fence(Ordering::SeqCst);
        }
        self.map
    }
}

/// Memory from the system, on huge pages where it has them, which is kept when dropped.
///
/// The system clears memory that it gives anew (measured: superpixels of 4 megapixels 185 ms, with memory from the call
/// before 153 ms), and a virtual machine that has given it back to its host first has to get it again (12 megapixels
/// 0.7 s in a loop, 1.0 s with other work in between, of which the system took 0.6 s). What is kept beyond some size is
/// lent to the system, which takes it when memory becomes scarce.
#[derive(Debug)]
pub(crate) struct Mapping(Option<MmapMut>);

impl Mapping {
    /// At least `n_bytes`, zeros or what is left of an earlier mapping; `None` if the system has none.
    pub(crate) fn new(n_bytes: usize) -> Option<Self> {
        if let Some(spare) = take(n_bytes) {
            return Some(Self(Some(spare)));
        }
        let mut options = MmapOptions::new();
        let options = options.len(n_bytes.checked_next_multiple_of(HUGE_PAGE)?);
        // Where there is a limit, what is kept counts.
        let map = options.map_anon().or_else(|_| {
            give_back();
            options.map_anon()
        });
        let map = map.ok()?;
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
    let spare = take_from(&mut *SPARE.try_lock().ok()?, n_bytes)?;
    Some(spare.take_back())
}

/// Gives all spare mappings back.
fn give_back() {
    if let Ok(mut spare) = SPARE.try_lock() {
        spare.clear();
    }
}

/// Keeps a mapping for later.
fn keep(map: MmapMut) {
    let given_back = match SPARE.try_lock() {
        Ok(mut spare) => keep_in(&mut spare, map),
        Err(_) => vec![Spare { map, is_lent: false }],
    };
    // To give memory back takes a while, in which others may go on.
    drop(given_back);
}

/// The smallest mapping that is long enough, but not much longer.
fn take_from(spare: &mut Vec<Spare>, n_bytes: usize) -> Option<Spare> {
    let fits = |len: usize| (n_bytes..=n_bytes.saturating_mul(MAX_EXCESS).max(HUGE_PAGE)).contains(&len);
    let fitting = spare.iter().enumerate().filter(|(_, spare)| fits(spare.map.len()));
    let (place, _) = fitting.min_by_key(|(_, spare)| spare.map.len())?;
    Some(spare.remove(place))
}

/// Adds a mapping, lends those that have waited for longest, and returns those to give back.
fn keep_in(spare: &mut Vec<Spare>, map: MmapMut) -> Vec<Spare> {
    spare.push(Spare { map, is_lent: false });
    let (mut n_bytes, mut n_given_back) = (0, 0);
    for (place, spare) in spare.iter_mut().enumerate().rev() {
        n_bytes += spare.map.len();
        if n_bytes > MAX_LENT || n_bytes > MAX_KEPT && !spare.is_lent && !spare.lend() {
            n_given_back = place + 1;
            break;
        }
    }
    spare.drain(..n_given_back).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn map(len: usize) -> MmapMut {
        MmapOptions::new().len(len).map_anon().unwrap()
    }

    fn spare(n_pages: usize) -> Spare {
        Spare { map: map(n_pages * HUGE_PAGE), is_lent: false }
    }

    /// Lengths, and whether they are lent.
    fn state(spare: &[Spare]) -> Vec<(usize, bool)> {
        spare.iter().map(|spare| (spare.map.len(), spare.is_lent)).collect()
    }

    #[test]
    fn the_smallest_that_fits_is_taken_and_none_that_wastes_more_than_half() {
        let mut all: Vec<Spare> = [8, 2, 4, 6].map(spare).into();
        assert_eq!(take_from(&mut all, 3 * HUGE_PAGE).unwrap().map.len(), 4 * HUGE_PAGE);
        assert_eq!(take_from(&mut all, 3 * HUGE_PAGE).unwrap().map.len(), 6 * HUGE_PAGE);
        assert!(take_from(&mut all, 3 * HUGE_PAGE).is_none());
        assert!(take_from(&mut all, 9 * HUGE_PAGE).is_none());
        assert_eq!(state(&all), [(8 * HUGE_PAGE, false), (2 * HUGE_PAGE, false)]);
    }

    #[test]
    fn those_that_waited_for_longest_are_lent_and_then_given_back() {
        let (mut all, half) = (Vec::new(), MAX_KEPT / 2);
        assert!(keep_in(&mut all, map(half)).is_empty());
        assert!(keep_in(&mut all, map(half)).is_empty());
        assert_eq!(state(&all), [(half, false), (half, false)]);
        assert!(keep_in(&mut all, map(HUGE_PAGE)).is_empty());
        assert_eq!(state(&all), [(half, true), (half, false), (HUGE_PAGE, false)]);
        assert!(keep_in(&mut all, map(MAX_LENT - half - HUGE_PAGE)).iter().all(|spare| spare.map.len() == half));
        assert_eq!(state(&all), [(half, true), (HUGE_PAGE, true), (MAX_LENT - half - HUGE_PAGE, true)]);
        assert_eq!(state(&keep_in(&mut all, map(MAX_LENT))).len(), 3);
        assert_eq!(state(&keep_in(&mut all, map(MAX_LENT + HUGE_PAGE))).len(), 2);
        assert!(all.is_empty());
    }

    #[test]
    fn what_is_left_of_a_mapping_is_there_again() {
        let mut all = Vec::new();
        let mut left = map(HUGE_PAGE);
        left[17] = 42;
        keep_in(&mut all, left);
        assert_eq!(take_from(&mut all, 1).unwrap().take_back()[17], 42);
    }

    #[test]
    fn what_was_lent_is_zeros_or_what_was_left_and_keeps_what_is_written() {
        let mut left = spare(2);
        left.map.fill(42);
        assert!(left.lend());
        let mut back = left.take_back();
        assert!(
            back.chunks(PAGE)
                .all(|page| page[0] == 0 && page[1..].iter().all(|byte| *byte == page[1] && [0, 42].contains(byte)))
        );
        back.fill(7);
        assert!(back.iter().all(|byte| *byte == 7));
    }
}
