//! Labels from thresholds.

use rayon::prelude::*;

use crate::chunks::Chunks;
use crate::histogram::Tabulated;
use crate::{Element, Exec, Result};

/// Labels by looking up each value's label in a table of all values of the type.
pub(super) fn label_by_table<T: Tabulated>(
    exec: &Exec<'_>,
    values: &[T],
    thresholds: &[f64],
    labels_out: &mut [i32],
) -> Result<()> {
    let table: Vec<i32> = (0..T::N_SLOTS).map(|slot| label_of(f64::from(T::in_slot(slot)), thresholds)).collect();
    label(exec, values, labels_out, |value| table[value.slot()])
}

/// Labels by searching each value's place among the thresholds.
pub(super) fn label_by_search<T: Element>(
    exec: &Exec<'_>,
    values: &[T],
    thresholds: &[f64],
    labels_out: &mut [i32],
) -> Result<()> {
    label(exec, values, labels_out, |value| label_of(value.to_real(), thresholds))
}

fn label<T: Element>(
    exec: &Exec<'_>,
    values: &[T],
    labels_out: &mut [i32],
    label_of: impl Fn(T) -> i32 + Sync,
) -> Result<()> {
    let length = Chunks::new(values.len(), 1).length();
    values.par_chunks(length).zip(labels_out.par_chunks_mut(length)).try_for_each(|(values, labels)| {
        exec.check()?;
        for (label, value) in labels.iter_mut().zip(values) {
            *label = label_of(*value);
        }
        Ok(())
    })
}

#[inline(always)]
fn label_of(value: f64, thresholds: &[f64]) -> i32 {
    thresholds.partition_point(|threshold| *threshold < value) as i32
}
