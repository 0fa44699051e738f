//! Permutations with the draws of `numpy.random.RandomState`.

use fearless_simd::dispatch;

use crate::buffer::Buffer;
use crate::{Error, Exec, Result};

/// Words of the generator's state, and how far each new one looks ahead.
const LEN: usize = 624;
const AHEAD: usize = 397;

/// The Mersenne twister MT19937 (Matsumoto and Nishimura, "Mersenne twister", ACM TOMACS 8(1), 1998).
#[derive(Debug, Clone)]
pub struct Twister {
    state: [u32; LEN],
    /// How many of the state's words are used up.
    position: usize,
}

impl Twister {
    /// Goes on from a state of numpy's generator.
    ///
    /// # Errors
    /// [`Error::Length`] or [`Error::Range`] if it is none.
    pub fn new(state: &[u32], position: usize) -> Result<Self> {
        let wrong = |_| Error::Length { argument: "state", got: state.len(), rows: 1, columns: LEN };
        let state = state.try_into().map_err(wrong)?;
        if position > LEN {
            let needed = format!("from 0 to {LEN}");
            return Err(Error::Range { argument: "position", got: position.to_string(), needed });
        }
        Ok(Self { state, position })
    }

    /// State and position, to be handed back.
    #[must_use]
    pub fn state(&self) -> (&[u32], usize) {
        (&self.state, self.position)
    }

    /// The first of permutations of the numbers below `n`, as many of each as `lens` says, as `RandomState.permutation(n)`
    /// gives one after the other, in their order or sorted, which costs less. While one is traced back, the numbers of the
    /// next are drawn.
    ///
    /// Cost: O(n) for each; 8 bytes and a bit for each number below `n`, sorted 4 bytes and a bit, of two at a time.
    ///
    /// # Errors
    /// [`Error::Range`] for more than 2^32 - 1 numbers, [`Error::Interrupted`].
    pub fn permutations(
        &mut self,
        exec: &Exec<'_>,
        n: usize,
        lens: &[usize],
        is_sorted: bool,
    ) -> Result<Vec<Vec<u32>>> {
        if u32::try_from(n).is_err() {
            let needed = format!("at most {}", u32::MAX);
            return Err(Error::Range { argument: "n", got: n.to_string(), needed });
        }
        let Some((len, others)) = lens.split_first() else { return Ok(Vec::new()) };
        let partners = self.partners(exec, n)?;
        let trace_back = if is_sorted { trace_back_sorted } else { trace_back };
        let trace = move || trace_back(exec, &partners, (*len).min(n));
        let (head, others) = rayon::join(trace, || self.permutations(exec, n, others, is_sorted));
        Ok([vec![head?], others?].concat())
    }

    /// With whom each place changes its number, from the last place to the second: a random place up to it, the first one
    /// of as many bits as it has that is not beyond it.
    fn partners(&mut self, exec: &Exec<'_>, n: usize) -> Result<Buffer<u32>> {
        let mut partners = Buffer::unwritten(n);
        let mut words = self.tempered(exec);
        let mut place = n.saturating_sub(1);
        while place > 0 {
            if self.position == LEN {
                exec.check()?;
                self.twist(exec);
                words = self.tempered(exec);
            }
            let words = &words[self.position..];
            self.position += dispatch!(exec.level, _simd => draw(words, &mut place, &mut partners));
        }
        Ok(partners)
    }

    /// The words of the state as they are handed out.
    fn tempered(&self, exec: &Exec<'_>) -> [u32; LEN] {
        let mut words = self.state;
        dispatch!(exec.level, _simd => temper(&mut words));
        words
    }

    fn twist(&mut self, exec: &Exec<'_>) {
        dispatch!(exec.level, _simd => twist(&mut self.state));
        self.position = 0;
    }
}

/// Words that are looked at together.
const BLOCK: usize = 16;

/// Draws partners for places from the last on, with words of the generator; returns how many were used, not all if the next
/// place has fewer bits.
#[inline(always)]
fn draw(words: &[u32], place: &mut usize, partners_out: &mut [u32]) -> usize {
    let mask = u32::MAX >> (*place as u32).leading_zeros();
    let lowest = (mask / 2) as usize;
    let mut n_used = 0;
    for words in words.chunks(BLOCK) {
        let block = words.first_chunk().filter(|_| *place > lowest + BLOCK);
        if let Some(next) = block.and_then(|words| draw_block(words, mask, *place, partners_out)) {
            (*place, n_used) = (next, n_used + BLOCK);
            continue;
        }
        for word in words {
            if *place == lowest {
                return n_used;
            }
            n_used += 1;
            // Whether a number is taken cannot be foreseen: one that is not is written over.
            partners_out[*place] = word & mask;
            *place -= usize::from(word & mask <= *place as u32);
        }
    }
    n_used
}

/// The same for a block of words, whichever of them are taken; `None` if that depends on how many were taken before: of
/// millions of numbers, few are that near to the limit. To know beforehand takes a fifth of the time of one after the other.
#[inline(always)]
#[allow(clippy::needless_bitwise_bool, reason = "&& would be a branch")]
fn draw_block(words: &[u32; BLOCK], mask: u32, place: usize, partners_out: &mut [u32]) -> Option<usize> {
    let (least, most) = ((place - BLOCK) as u32, place as u32);
    let (mut numbers, mut are_taken, mut is_unclear) = ([0; BLOCK], [0; BLOCK], false);
    for i in 0..BLOCK {
        numbers[i] = words[i] & mask;
        are_taken[i] = u32::from(numbers[i] <= least);
        is_unclear |= (numbers[i] > least) & (numbers[i] <= most);
    }
    if is_unclear {
        return None;
    }
    let mut place = place;
    for (number, is_taken) in numbers.iter().zip(are_taken) {
        // One that is not taken is written over.
        partners_out[place] = *number;
        place -= is_taken as usize;
    }
    Some(place)
}

#[inline(always)]
fn temper(words: &mut [u32; LEN]) {
    for word in words {
        *word ^= *word >> 11;
        *word ^= (*word << 7) & 0x9d2c_5680;
        *word ^= (*word << 15) & 0xefc6_0000;
        *word ^= *word >> 18;
    }
}

#[inline(always)]
fn twist(state: &mut [u32; LEN]) {
    // In three parts, of which the first two need no remainder and are vectors.
    for i in 0..LEN - AHEAD {
        state[i] = state[i + AHEAD] ^ joined(state[i], state[i + 1]);
    }
    for i in LEN - AHEAD..LEN - 1 {
        state[i] = state[i + AHEAD - LEN] ^ joined(state[i], state[i + 1]);
    }
    state[LEN - 1] = state[AHEAD - 1] ^ joined(state[LEN - 1], state[0]);
}

#[inline(always)]
fn joined(word: u32, next: u32) -> u32 {
    let joined = (word & 0x8000_0000) | (next & 0x7fff_ffff);
    let odd = if joined % 2 == 1 { 0x9908_b0df } else { 0 };
    (joined >> 1) ^ odd
}

/// Places between two looks at the flag that stops.
const PLACES_PER_CHECK: usize = 1 << 20;

/// Places of which something is known, a bit each.
struct Places(Vec<u64>);

impl Places {
    /// The first `len` of `n` places.
    fn first(len: usize, n: usize) -> Self {
        let word = |place: usize| match len.saturating_sub(place) {
            rest @ 0..64 => (1 << rest) - 1,
            _ => u64::MAX,
        };
        Self((0..n).step_by(64).map(word).collect())
    }

    /// The bit of a place.
    #[inline(always)]
    fn at(&self, place: usize) -> u64 {
        (self.0[place / 64] >> (place % 64)) & 1
    }

    /// Turns the bits of two places.
    #[inline(always)]
    fn turn(&mut self, place: usize, other: usize) {
        self.0[place / 64] ^= 1 << (place % 64);
        self.0[other / 64] ^= 1 << (other % 64);
    }

    /// The places, ascending.
    fn iter(&self) -> impl Iterator<Item = usize> {
        let of_word = |(part, word): (usize, &u64)| {
            // Most are of no interest.
            let mut bits = *word;
            std::iter::from_fn(move || {
                let bit = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
                bits &= bits - 1;
                Some(part * 64 + bit)
            })
        };
        self.0.iter().enumerate().flat_map(of_word)
    }
}

/// The numbers that end up in the first `len` places, which at first have their own, once each place from the last to the
/// second has changed its number with its partner.
///
/// Seen from the end, few of many places matter: where a number comes from is followed from change to change, which for
/// most is a look at a bit.
fn trace_back(exec: &Exec<'_>, partners: &[u32], len: usize) -> Result<Vec<u32>> {
    let mut traced = Places::first(len, partners.len());
    // Of places that are not traced it means nothing.
    let mut end_of = Buffer::<u32>::unwritten(partners.len());
    for (place, end) in end_of.iter_mut().enumerate().take(len) {
        *end = place as u32;
    }
    follow(exec, partners, |place, partner| {
        let (own, other) = (traced.at(place), traced.at(partner));
        if own | other != 0 {
            end_of.swap(place, partner);
            if own != other {
                traced.turn(place, partner);
            }
        }
    })?;
    let mut head = vec![0; len];
    for place in traced.iter() {
        head[end_of[place] as usize] = place as u32;
    }
    Ok(head)
}

/// The same numbers, ascending: which places matter is enough to know.
fn trace_back_sorted(exec: &Exec<'_>, partners: &[u32], len: usize) -> Result<Vec<u32>> {
    let mut traced = Places::first(len, partners.len());
    follow(exec, partners, |place, partner| {
        if traced.at(place) != traced.at(partner) {
            traced.turn(place, partner);
        }
    })?;
    Ok(traced.iter().map(|place| place as u32).collect())
}

/// Visits the changes of places with their partners from the last one drawn to the first.
#[inline(always)]
fn follow(exec: &Exec<'_>, partners: &[u32], mut visit: impl FnMut(usize, usize)) -> Result<()> {
    for (place, partner) in partners.iter().enumerate().skip(1) {
        if place % PLACES_PER_CHECK == 0 {
            exec.check()?;
        }
        visit(place, *partner as usize);
    }
    Ok(())
}
