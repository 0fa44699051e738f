//! Runs one after the other, or several at once; which of them is the best does not depend on that.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::found::Found;
use super::lloyd::{OnIteration, Runs, Stop};
use super::report::Report;
use super::restarts::{Best, Restarts};
use crate::{Element, Error, Result};

/// A run that waits.
pub(super) struct Turn<'a> {
    centers: &'a [f64],
    stop: Stop,
    /// Which of a sweep it belongs to, and whether no run of it is to follow.
    place: usize,
    is_last: bool,
}

/// The runs of a sweep, in order.
pub(super) fn turns<'a>(sweep: &[Restarts<'a>]) -> Vec<Turn<'a>> {
    let of_one = |(place, restarts): (usize, &Restarts<'a>)| {
        let Restarts { starts, stop } = *restarts;
        let turn =
            move |(i, centers): (usize, &&'a [f64])| Turn { centers, stop, place, is_last: i + 1 == starts.len() };
        starts.iter().enumerate().map(turn)
    };
    sweep.iter().enumerate().flat_map(of_one).collect()
}

impl Turn<'_> {
    fn take<T: Element>(
        &self,
        runs: &mut Runs<'_, T>,
        runs_left: usize,
        on_iteration: Option<OnIteration<'_>>,
    ) -> Result<Run<T>> {
        let before = runs.report();
        let found = runs.fit(self.centers, self.stop, runs_left, on_iteration)?;
        Ok(Run { found, report: runs.report().since(before) })
    }
}

/// A run that is done, and what it took, with those that it has beaten.
struct Run<T> {
    found: Found<T>,
    report: Report,
}

/// Takes all turns; returns the best run of each of the sweep, of those that are done if the caller asks to stop.
pub(super) fn take_all<T: Element>(
    runs: &mut Runs<'_, T>,
    turns: &[Turn<'_>],
    mut on_iteration: Option<OnIteration<'_>>,
    on_fit: impl FnMut() + Send,
) -> Result<Vec<Option<Best>>> {
    let mut standings = Standings::new(turns, runs.n_features(), on_fit);
    let mut n_taken = 0;
    while n_taken < turns.len() && standings.failure.is_none() && (on_iteration.is_some() || !runs.may_be_at_once()) {
        let report = on_iteration.as_mut().map(|report| &mut **report as OnIteration<'_>);
        let found = turns[n_taken].take(runs, turns.len() - n_taken - 1, report);
        standings.put(n_taken, found);
        n_taken += 1;
    }
    if standings.failure.is_none() {
        standings = take_at_once(runs, turns, n_taken, standings);
    }
    standings.into_found()
}

/// Takes the turns from `first` on: each thread the next one when it is done with one, and a part of others' runs when
/// none is left.
fn take_at_once<'a, T: Element, F: FnMut() + Send>(
    runs: &Runs<'_, T>,
    turns: &[Turn<'_>],
    first: usize,
    standings: Standings<'a, T, F>,
) -> Standings<'a, T, F> {
    let (next, standings) = (AtomicUsize::new(first), Mutex::new(standings));
    let take_turns = || {
        let mut runs = runs.clone();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(turn) = turns.get(index) else { break };
            let found = turn.take(&mut runs, turns.len() - index - 1, None);
            let mut standings = standings.lock().unwrap_or_else(PoisonError::into_inner);
            standings.put(index, found);
            if standings.failure.is_some() {
                break;
            }
        }
    };
    rayon::scope(|scope| {
        for _ in 0..rayon::current_num_threads().min(turns.len() - first) {
            scope.spawn(|_| take_turns());
        }
    });
    standings.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The best runs so far. Runs count in turn, whichever ends first.
///
/// Nothing in here asks other threads for help while runs go on: who waits for them takes up other work, perhaps a run, and
/// would wait for its own lock at the end of it.
struct Standings<'a, T, F> {
    turns: &'a [Turn<'a>],
    n_features: usize,
    n_counted: usize,
    /// What runs found that ended before their turn to count.
    early: BTreeMap<usize, Result<Run<T>>>,
    /// The best so far of those that compete now.
    leader: Option<Run<T>>,
    found: Vec<Option<Run<T>>>,
    failure: Option<Error>,
    on_fit: F,
}

impl<'a, T: Element, F: FnMut()> Standings<'a, T, F> {
    fn new(turns: &'a [Turn<'a>], n_features: usize, on_fit: F) -> Self {
        let (early, found) = (BTreeMap::new(), Vec::new());
        Self { turns, n_features, n_counted: 0, early, leader: None, found, failure: None, on_fit }
    }

    fn put(&mut self, turn: usize, found: Result<Run<T>>) {
        self.early.insert(turn, found);
        while self.failure.is_none()
            && let Some(found) = self.early.remove(&self.n_counted)
        {
            match found {
                Ok(run) => self.count(&self.turns[self.n_counted], run),
                Err(error) => self.failure = Some(error),
            }
            self.n_counted += 1;
        }
    }

    /// A run that finds the same clusters again does not replace the one before it: its inertia differs by rounding only.
    fn count(&mut self, turn: &Turn<'_>, run: Run<T>) {
        // Of those without a run there is none.
        self.found.resize_with(turn.place, || None);
        let leader = match self.leader.take() {
            None => run,
            Some(leader) => {
                let report = leader.report.and(run.report);
                let (Found { fit, labels }, best) = (&run.found, &leader.found);
                let n_clusters = fit.centers.len() / self.n_features;
                let is_better = fit.inertia < best.fit.inertia && !labels.is_same_clustering(&best.labels, n_clusters);
                Run { report, ..if is_better { run } else { leader } }
            }
        };
        if turn.is_last {
            self.found.push(Some(leader));
            (self.on_fit)();
        } else {
            self.leader = Some(leader);
        }
    }

    fn into_found(self) -> Result<Vec<Option<Best>>> {
        let best = |Run { found: Found { fit, labels }, report }| Best { fit, labels: labels.into_given(), report };
        match self.failure {
            Some(error) if error != Error::Interrupted || self.found.is_empty() => Err(error),
            _ => Ok(self.found.into_iter().map(|run| run.map(best)).collect()),
        }
    }
}
