//! Pieces and labels are those of searches pixel by pixel.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use proptest::prelude::*;

use super::*;
use crate::Interrupt;

#[derive(Debug, Clone)]
struct Case {
    volume: Volume,
    labels: Vec<i32>,
    sizes: Sizes,
}

/// Blocks of a few labels, some of them none, with noise.
fn cases() -> impl Strategy<Value = Case> {
    let flat = (Just(1_usize), 1_usize..150, 1_usize..140);
    let deep = (2_usize..8, 1_usize..24, 1_usize..24);
    let volumes = prop_oneof![flat, deep].prop_map(|(depth, height, width)| Volume { depth, height, width });
    (volumes, 1_usize..20, 0_u32..60, 1..7, 0_usize..80, 1_usize..400, any::<u64>()).prop_map(
        |(volume, side, noise, n_labels, min, max, seed)| {
            let random = |place: usize, below: u32| {
                let mixed = (place as u64 ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as u32 % below
            };
            let labels = (0..volume.n_pixels()).map(|pixel| {
                let [z, y, x] = coordinates(pixel, volume).map(|place| place / side);
                let place = if random(pixel, 100) < noise { pixel } else { (z * 1000 + y) * 1000 + x };
                random(!place, n_labels as u32 + 1) as i32 + NONE
            });
            Case { volume, labels: labels.collect(), sizes: Sizes { min, max } }
        },
    )
}

fn coordinates(pixel: usize, Volume { height, width, .. }: Volume) -> [usize; AXES] {
    [pixel / width / height, pixel / width % height, pixel % width]
}

fn neighbours(pixel: usize, volume: Volume) -> impl Iterator<Item = usize> {
    let [z, y, x] = coordinates(pixel, volume);
    let Volume { depth, height, width } = volume;
    let slice = height * width;
    [
        (x + 1 < width).then_some(pixel + 1),
        (x > 0).then(|| pixel - 1),
        (y + 1 < height).then_some(pixel + width),
        (y > 0).then(|| pixel - width),
        (z + 1 < depth).then_some(pixel + slice),
        (z > 0).then(|| pixel - slice),
    ]
    .into_iter()
    .flatten()
}

/// One pixel after the other, as scikit-image does it.
fn plain(Case { volume, labels, sizes }: &Case) -> Vec<i32> {
    let mut out = vec![NONE; labels.len()];
    let mut label = 0;
    for first in 0..labels.len() {
        if labels[first] == NONE || out[first] != NONE {
            continue;
        }
        let (mut queue, mut looked_at, mut adjacent) = (vec![first], 0, label);
        out[first] = label;
        while looked_at < queue.len() && queue.len() < sizes.max {
            for neighbour in neighbours(queue[looked_at], *volume) {
                if queue.len() == sizes.max {
                    break;
                }
                if labels[neighbour] == labels[first] && out[neighbour] == NONE {
                    out[neighbour] = label;
                    queue.push(neighbour);
                } else if out[neighbour] != NONE && out[neighbour] != label {
                    adjacent = out[neighbour];
                }
            }
            looked_at += 1;
        }
        if queue.len() >= sizes.min {
            label += 1;
            continue;
        }
        for pixel in queue {
            out[pixel] = adjacent;
        }
    }
    out
}

fn connected(case: &Case, n_threads: usize, repairs: bool) -> (Vec<i32>, usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
    pool.install(|| {
        let (interrupt, mut labels) = (Interrupt::default(), vec![NONE - 1; case.labels.len()]);
        let found = enforce(&Exec::new(&interrupt), &case.labels, case.volume, case.sizes, repairs).unwrap();
        found.write(&mut labels, |label| label);
        (labels, found.n_labels)
    })
}

/// The pixels of each connected piece of equal labels, in the order of their first.
fn pieces(labels: &[i32], volume: Volume) -> Vec<Vec<usize>> {
    let (mut is_seen, mut pieces) = (vec![false; labels.len()], Vec::new());
    for first in 0..labels.len() {
        if labels[first] == NONE || std::mem::replace(&mut is_seen[first], true) {
            continue;
        }
        let (mut piece, mut looked_at) = (vec![first], 0);
        while looked_at < piece.len() {
            for neighbour in neighbours(piece[looked_at], volume) {
                if labels[neighbour] == labels[first] && !std::mem::replace(&mut is_seen[neighbour], true) {
                    piece.push(neighbour);
                }
            }
            looked_at += 1;
        }
        pieces.push(piece);
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn labels_are_those_of_a_search_pixel_by_pixel(case in cases()) {
        let expected = plain(&case);
        for n_threads in [1, 2, 4] {
            let (labels, n_labels) = connected(&case, n_threads, false);
            prop_assert_eq!(&labels, &expected);
            prop_assert_eq!(n_labels as i32, expected.iter().max().unwrap() + 1);
        }
    }

    #[test]
    fn the_first_piece_of_a_label_keeps_it_and_others_get_new_ones(case in cases()) {
        let before = plain(&case);
        let n_before = before.iter().max().unwrap() + 1;
        let (mut expected, mut n_labels, mut is_taken) = (before.clone(), n_before, vec![false; n_before as usize]);
        for piece in pieces(&before, case.volume) {
            if std::mem::replace(&mut is_taken[before[piece[0]] as usize], true) {
                for pixel in piece {
                    expected[pixel] = n_labels;
                }
                n_labels += 1;
            }
        }
        prop_assert_eq!(connected(&case, 2, true), (expected, n_labels as usize));
    }
}
