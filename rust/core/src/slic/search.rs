//! Which clusters can be the nearest to a pixel of a tile.

use fearless_simd::prelude::*;
use fearless_simd::{Select, Simd, f32x16, u32x16};

use super::boxes::{GROUP_TILES, Group, Lanes};
use super::forms::{ACROSS, COLOUR, DEPTH, DOWN, Forms, SQUARE};
use super::nearby::{Candidate, Rival};
use super::rough::Rough;
use crate::Real;

/// Room for the search, and what it found.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Clusters that were measured, by their place among the rivals, and in which tiles each does not compete for every
    /// pixel, bit by bit.
    measured: Vec<(u32, u32)>,
    forms: Forms,
    /// The form of the cluster that is nearest to the middle of each tile, of those that compete for every pixel.
    reference: Vec<Lanes>,
    /// For each tile, which of the measured may win, bit by bit.
    may_win: Vec<[u32; GROUP_TILES]>,
    /// Those that may win in one tile, ascending.
    candidates: Vec<Candidate>,
    /// By how much the second nearest cluster of a pixel of each tile must be farther than the nearest in float32 to be so
    /// in truth; infinite if nothing is known.
    margins: Lanes,
}

impl Search {
    /// Lists the clusters that may win in a tile of the group that was searched last.
    #[inline(always)]
    pub(super) fn list(&mut self, lane: usize) {
        self.candidates.clear();
        for (first, may_win) in (0..).step_by(u32::BITS as usize).zip(&self.may_win) {
            let mut bits = may_win[lane];
            while bits != 0 {
                let form = first + bits.trailing_zeros();
                let (place, cut) = self.measured[form as usize];
                self.candidates.push(Candidate { place, form, is_cut: cut >> lane & 1 == 1 });
                bits &= bits - 1;
            }
        }
    }

    /// What was listed last.
    #[inline(always)]
    pub(super) fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    #[inline(always)]
    pub(super) fn forms(&self) -> &Forms {
        &self.forms
    }

    #[inline(always)]
    pub(super) fn margin(&self, lane: usize) -> f32 {
        self.margins[lane]
    }

    /// Finds the rivals that may win in each tile of a group.
    #[inline(always)]
    pub(super) fn search<S: Simd, R: Real>(
        &mut self,
        simd: S,
        rough: &Rough,
        rivals: &[Rival<'_, R>],
        group: &Group<'_>,
    ) {
        self.measure(simd, rough, rivals, group);
        self.rule_out(simd, rough, group);
    }

    #[inline(always)]
    fn measure<S: Simd, R: Real>(&mut self, simd: S, rough: &Rough, rivals: &[Rival<'_, R>], group: &Group<'_>) {
        let splat = |value: f32| f32x16::simd_from(simd, value);
        self.measured.clear();
        self.forms.enter(rough);
        let (mut lowest, mut nearest) = (splat(f32::INFINITY), splat(-1.0));
        let (first, last) = (R::from_f64(group.columns.start as f64), R::from_f64((group.columns.end - 1) as f64));
        for (place, rival) in rivals.iter().enumerate() {
            if rival.first <= last && first < rival.end {
                let form = self.measured.len();
                let covers = self.forms.write(simd, rough, form, rival, group);
                self.measured.push((place as u32, !covers.to_bitmask() as u32));
                let square = f32x16::from_slice(simd, &self.forms.get(form)[SQUARE]);
                let is_nearer = covers & square.simd_lt(lowest);
                lowest = is_nearer.select(square, lowest);
                nearest = is_nearer.select(splat(form as f32), nearest);
            }
        }
        self.refer(nearest.into());
    }

    /// Takes the numbers of the form that is the reference of each tile, which is negative where there is none.
    #[inline(always)]
    fn refer(&mut self, forms: Lanes) {
        self.reference.clear();
        self.reference.resize(self.forms.len(), [f32::INFINITY; GROUP_TILES]);
        for (lane, form) in forms.into_iter().enumerate().filter(|(_, form)| *form >= 0.0) {
            for (reference, number) in self.reference.iter_mut().zip(self.forms.get(form as usize)) {
                reference[lane] = number[lane];
            }
        }
    }

    /// A cluster that is farther than the reference from every pixel of the box around a tile's pixels is no candidate.
    #[inline(always)]
    fn rule_out<S: Simd>(&mut self, simd: S, rough: &Rough, group: &Group<'_>) {
        let (splat, load) =
            (|value: f32| f32x16::simd_from(simd, value), |lanes: &Lanes| f32x16::from_slice(simd, lanes));
        let (zero, largest, half) = (splat(0.0), splat(f32::MAX), splat(0.5));
        let mut colour_radius = zero;
        for extent in group.extents().take(rough.n_channels) {
            let reach = half * load(extent);
            colour_radius = reach.mul_add(reach, colour_radius);
        }
        let radius = colour_radius + splat(rough.radius);
        let (root, reach) = (load(&self.reference[SQUARE]).sqrt(), radius.sqrt());
        let margins = rough.margins(simd, (root + reach) * (root + reach), radius);
        margins.store_slice(&mut self.margins);
        // Where there is no reference, all that compete are candidates: their squares are finite.
        let limits = margins.min(largest);
        // The pixel, the reference and the cluster may each be elsewhere.
        let most = root + reach + reach + splat(3.0 * rough.shift);
        let is_known = margins.simd_lt(splat(f32::INFINITY));
        let farthest = is_known.select(most.mul_add(most, margins), largest).min(largest);
        self.may_win.clear();
        for (word, measured) in self.measured.chunks(u32::BITS as usize).enumerate() {
            let mut may_win = u32x16::simd_from(simd, 0);
            for bit in 0..measured.len() {
                let form = self.forms.get(word * u32::BITS as usize + bit);
                let is_far = load(&form[SQUARE]).simd_gt(farthest);
                if is_far.all_true() {
                    continue;
                }
                let beyond = |place: usize| load(&form[place]) - load(&self.reference[place]);
                let mut reach = beyond(ACROSS).abs() * splat(rough.extents[2]);
                reach = beyond(DOWN).abs().mul_add(splat(rough.extents[1]), reach);
                if rough.is_deep() {
                    reach = beyond(DEPTH).abs().mul_add(splat(rough.extents[0]), reach);
                }
                for (channel, extent) in group.extents().take(rough.n_channels).enumerate() {
                    reach = beyond(COLOUR + channel).abs().mul_add(load(extent), reach);
                }
                if rough.is_adaptive {
                    reach -= beyond(self.forms.len() - 1).min(zero) * colour_radius;
                }
                let ruled_out = is_far | (beyond(SQUARE) - reach).simd_gt(limits);
                may_win = ruled_out.select(may_win, may_win | u32x16::simd_from(simd, 1 << bit));
            }
            self.may_win.push([0; GROUP_TILES]);
            if let Some(last) = self.may_win.last_mut() {
                may_win.store_slice(last);
            }
        }
    }
}
