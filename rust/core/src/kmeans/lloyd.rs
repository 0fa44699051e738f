//! A complete run of Lloyd's algorithm from given centers.

use std::sync::Arc;

use super::assign;
use super::empty::relocate_empty_clusters;
use super::found::{Fit, Found, FoundLabels, UNLABELLED, unlabelled};
use super::ordered::{Order, OrderedPass};
use super::plain::PlainPass;
use super::reorder::{Progress, Reorder};
use super::report::{Report, Work};
use super::sums::Sums;
use super::wide::WidePass;
use crate::distance::Centers;
use crate::{Element, Error, Exec, Result, Samples, Weights};

/// When a run ends.
#[derive(Debug, Clone, Copy)]
pub struct Stop {
    /// Most iterations, at least 1.
    pub max_iter: usize,
    /// The run ends once the squared movements of all centers add up to no more than this.
    pub tol: f64,
}

/// What is known after an iteration.
#[derive(Debug, Clone, Copy)]
pub struct Iteration {
    /// Number of the iteration in its run, from 0.
    pub number: usize,
    /// Inertia of the assignment, before the centers moved.
    pub inertia: f64,
    /// Whether no label changed.
    pub strict_convergence: bool,
    /// Squared movements of all centers, added up.
    pub center_shift: f64,
}

/// Called after each iteration.
pub type OnIteration<'a> = &'a mut (dyn FnMut(Iteration) + Send);

/// Samples up to which several runs are made at once: their iterations are so short that threads would wait for each other
/// between them, measured a third of the time on two. Beyond, the labels that each run has of its own would count.
const MAX_AT_ONCE: usize = 1 << 19;

/// Runs on the same samples: once it pays, they are ordered, and all runs that follow use the order.
#[derive(Debug, Clone)]
pub struct Runs<'a, T> {
    exec: &'a Exec<'a>,
    samples: &'a Samples<'a, T>,
    weights: Weights<'a>,
    /// The samples whose distinct values `samples` are, if they are such.
    full: Option<&'a Samples<'a, T>>,
    reorder: Reorder,
    order: Option<Arc<Order<T>>>,
    report: Report,
}

impl<'a, T: Element> Runs<'a, T> {
    /// No run yet.
    #[must_use]
    pub fn new(exec: &'a Exec<'a>, samples: &'a Samples<'a, T>, weights: Weights<'a>, reorder: Reorder) -> Self {
        Self { exec, samples, weights, full: None, reorder, order: None, report: Report::default() }
    }

    /// No run yet on the distinct `values` of the samples `full`, which occur `counts` times.
    #[must_use]
    pub(super) fn of_values(
        exec: &'a Exec<'a>,
        values: &'a Samples<'a, T>,
        counts: &'a [f64],
        full: &'a Samples<'a, T>,
        reorder: Reorder,
    ) -> Self {
        Self { full: Some(full), ..Self::new(exec, values, Weights::Each(counts), reorder) }
    }

    /// Number of samples.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.samples.n_samples()
    }

    /// Number of features.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.samples.n_features()
    }

    /// What the runs took so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report { n_points: self.samples.n_samples(), ..self.report }
    }

    /// Runs Lloyd's algorithm from `centers`; the labels that it finds are those of the centers that it finds.
    ///
    /// `runs_left` counts the runs that are to follow. Cost: at most
    /// `n_samples * n_clusters * n_features` subtractions and fused multiply-adds an iteration; memory: one row of sums
    /// per cluster and chunk, and with ordered samples a copy of them and 8 bytes each.
    ///
    /// # Errors
    /// [`Error::Range`] for `max_iter` 0, more clusters than samples or than a label can tell apart,
    /// [`Error::Mismatch`] or [`Error::Length`] for shapes that do not fit, [`Error::Interrupted`].
    pub fn fit(
        &mut self,
        centers: &[f64],
        stop: Stop,
        runs_left: usize,
        mut on_iteration: Option<OnIteration<'_>>,
    ) -> Result<Found<T>> {
        if stop.max_iter == 0 {
            return Err(Error::Range { argument: "max_iter", got: "0".into(), needed: "at least 1".into() });
        }
        let mut run = Lloyd::new(self, centers)?;
        let mut fit =
            Fit { centers: Vec::new(), inertia: 0.0, n_iter: 0, strict_convergence: false, center_shift: 0.0 };
        while fit.n_iter < stop.max_iter {
            run.order_if_it_pays(fit.n_iter, stop.max_iter, runs_left)?;
            let changed = run.assign_and_sum()?;
            run.relocate_empty_clusters()?;
            let inertia = if on_iteration.is_some() { run.inertia()? } else { 0.0 };
            fit.center_shift = run.update_centers();
            fit.strict_convergence = !changed;
            if let Some(report) = on_iteration.as_mut() {
                let Fit { n_iter: number, strict_convergence, center_shift, .. } = fit;
                report(Iteration { number, inertia, strict_convergence, center_shift });
            }
            run.count_iteration();
            fit.n_iter += 1;
            if !changed || fit.center_shift <= stop.tol {
                break;
            }
        }
        if !fit.strict_convergence {
            run.assign()?;
        }
        fit.inertia = run.inertia()?;
        let (centers, labels) = run.finish();
        Ok(Found { fit: Fit { centers, ..fit }, labels })
    }
}

impl<T: Element> Runs<'_, T> {
    /// Whether no run decides how the next one goes over the samples, and it is better to make several at once.
    pub(super) fn may_be_at_once(&self) -> bool {
        self.n_samples() <= MAX_AT_ONCE && (self.order.is_some() || !self.reorder.may_order(self.samples))
    }
}

/// The state of a run; each method is one step of an iteration.
struct Lloyd<'a, 'b, T> {
    runs: &'b mut Runs<'a, T>,
    pass: Pass<T>,
    n_clusters: usize,
    sums: Sums,
    /// Shape (`n_clusters`, `n_features`).
    centers: Vec<f64>,
    centers_new: Vec<f64>,
    /// Up to date unless the pass is over ordered samples; empty before they are wanted if it was from the start.
    labels: Vec<i32>,
}

/// How an iteration goes over the samples.
enum Pass<T> {
    Plain(PlainPass),
    Ordered(OrderedPass<T>),
    Wide(WidePass),
}

impl<'a, 'b, T: Element> Lloyd<'a, 'b, T> {
    fn new(runs: &'b mut Runs<'a, T>, centers: &[f64]) -> Result<Self> {
        let (n_samples, n_features) = (runs.samples.n_samples(), runs.samples.n_features());
        let n_clusters = Centers::<T::Real>::new(centers, n_features)?.n_clusters();
        if n_clusters > n_samples {
            let (got, needed) = (n_clusters.to_string(), format!("at most n_samples={n_samples}"));
            return Err(Error::Range { argument: "n_clusters", got, needed });
        }
        let labels = if runs.order.is_some() { Vec::new() } else { unlabelled(n_samples) };
        let pass = match &runs.order {
            Some(order) => Pass::Ordered(OrderedPass::new(Arc::clone(order), None, n_clusters)),
            None if matches!(runs.weights, Weights::Unit) && WidePass::suits(runs.samples) => {
                Pass::Wide(WidePass::new(n_samples, n_clusters, n_features))
            }
            None => Pass::Plain(PlainPass::new(n_samples, n_clusters, n_features)),
        };
        let (sums, centers_new) = (Sums::new(n_clusters, n_features), vec![0.0; centers.len()]);
        Ok(Self { runs, pass, n_clusters, sums, centers: centers.to_vec(), centers_new, labels })
    }

    /// Orders the samples once that is likely to pay, or plain iterations have cost enough.
    fn order_if_it_pays(&mut self, n_iter: usize, max_iter: usize, runs_left: usize) -> Result<()> {
        let runs = &mut *self.runs;
        if runs.order.is_some() || !runs.reorder.may_order(runs.samples) {
            return Ok(());
        }
        let n_distances = runs.report.n_distances;
        let (before, now) = (&self.centers_new[..], &self.centers[..]);
        let progress = Progress { n_iter, max_iter, runs_left, n_distances, before, now };
        if runs.reorder.is_due(runs.exec, runs.samples, progress)? {
            let order = Arc::new(Order::new(runs.exec, runs.samples, runs.weights)?);
            runs.order = Some(Arc::clone(&order));
            let labels = (n_iter > 0).then_some(&self.labels[..]);
            self.pass = Pass::Ordered(OrderedPass::new(order, labels, self.n_clusters));
        }
        Ok(())
    }

    /// Labels each sample, sums each cluster; returns whether a label changed.
    fn assign_and_sum(&mut self) -> Result<bool> {
        let (work, plain) = (Work::on(self.runs.samples, self.n_clusters), self.plain_work());
        let Runs { exec, samples, weights, report, .. } = &mut *self.runs;
        let centers = Centers::new(&self.centers, samples.n_features())?;
        self.sums.clear();
        match &mut self.pass {
            Pass::Plain(pass) => {
                report.count(work, plain);
                pass.assign_and_sum(exec, samples, *weights, &centers, &mut self.labels, &mut self.sums)
            }
            Pass::Ordered(pass) => {
                let (changed, work) = pass.assign_and_sum(exec, &centers, &mut self.sums)?;
                report.count(work, plain);
                Ok(changed)
            }
            Pass::Wide(pass) => {
                let (changed, work) = pass.assign_and_sum(exec, samples, &centers, &mut self.labels, &mut self.sums)?;
                report.count(work, plain);
                Ok(changed)
            }
        }
    }

    /// The work of a pass that reads every sample.
    fn plain_work(&self) -> Work {
        Work::on(self.runs.full.unwrap_or(self.runs.samples), self.n_clusters)
    }

    fn count_iteration(&mut self) {
        self.runs.report.n_iter += 1;
        self.runs.report.n_iter_ordered += usize::from(matches!(self.pass, Pass::Ordered(_)));
    }

    /// Labels each sample with the current centers.
    fn assign(&mut self) -> Result<()> {
        match &mut self.pass {
            Pass::Plain(_) => {
                let (work, plain) = (Work::on(self.runs.samples, self.n_clusters), self.plain_work());
                self.runs.report.count(work, plain);
                assign::predict(self.runs.exec, self.runs.samples, &self.centers, &mut self.labels)
            }
            // The sums cost nothing beside the labels, and nobody asks for them any more.
            Pass::Ordered(_) | Pass::Wide(_) => self.assign_and_sum().map(drop),
        }
    }

    fn relocate_empty_clusters(&mut self) -> Result<()> {
        if (0..self.n_clusters).all(|cluster| self.sums.weight(cluster) > 0.0) {
            return Ok(());
        }
        self.restore_labels();
        let Runs { exec, samples, weights, full, .. } = &*self.runs;
        let Some(full) = full else {
            return relocate_empty_clusters(exec, samples, *weights, &self.centers, &self.labels, &mut self.sums);
        };
        // It is samples that move, not all samples of a value.
        let mut labels = vec![0; full.n_samples()];
        assign::predict(exec, full, &self.centers, &mut labels)?;
        relocate_empty_clusters(exec, full, Weights::Unit, &self.centers, &labels, &mut self.sums)
    }

    /// Moves the centers to the means of their samples; returns the squared movements added up.
    fn update_centers(&mut self) -> f64 {
        self.sums.centers(&mut self.centers_new);
        std::mem::swap(&mut self.centers, &mut self.centers_new);
        self.centers.iter().zip(&self.centers_new).map(|(new, old)| (new - old) * (new - old)).sum()
    }

    fn inertia(&self) -> Result<f64> {
        let Runs { exec, samples, weights, .. } = &*self.runs;
        match &self.pass {
            Pass::Plain(_) | Pass::Wide(_) => {
                assign::checked_inertia(exec, samples, *weights, &self.centers, &self.labels)
            }
            Pass::Ordered(pass) => pass.inertia(exec, &self.centers),
        }
    }

    fn restore_labels(&mut self) {
        if let Pass::Ordered(pass) = &self.pass {
            self.labels.resize(self.runs.n_samples(), UNLABELLED);
            pass.restore(&mut self.labels);
        }
    }

    /// Hands over centers and labels.
    fn finish(self) -> (Vec<f64>, FoundLabels<T>) {
        let labels = match self.pass {
            Pass::Ordered(pass) => FoundLabels::Ordered(pass.into_labels()),
            Pass::Plain(_) | Pass::Wide(_) => FoundLabels::Given(self.labels),
        };
        (self.centers, labels)
    }
}
