//! The middle of some figures and how far they spread, and what may be concluded from a ratio.

use serde::Serialize;

/// Where half of the figures lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    /// A quarter is below.
    pub(super) low: f64,
    /// Half are below.
    pub(super) median: f64,
    /// A quarter is above.
    pub(super) high: f64,
}

impl Spread {
    /// `None` where there are no figures.
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        Some(Self {
            low: quantile(&figures, 1)?,
            median: quantile(&figures, 2)?,
            high: quantile(&figures, 3)?,
        })
    }

    /// The one of the two that is farther from 1.
    pub(super) fn wider(self, other: Self) -> Self {
        if other.distance_from_one() > self.distance_from_one() {
            other
        } else {
            self
        }
    }

    /// How far the quartiles are from 1, the farther of the two.
    pub(super) fn distance_from_one(self) -> f64 {
        (1.0 - self.low).max(self.high - 1.0)
    }
}

/// The figure that so many quarters lie below; between two figures, so far from the one to the
/// other.
fn quantile(sorted: &[f64], quarters: usize) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let (place, rest) = (last * quarters / 4, last * quarters % 4);
    let below = *sorted.get(place)?;
    let above = sorted.get(place + 1).copied().unwrap_or(below);
    let part = [0.0, 0.25, 0.5, 0.75]
        .get(rest)
        .copied()
        .unwrap_or_default();
    Some(below + (above - below) * part)
}

/// What is asked of the median of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    AtMost(f64),
    AtLeast(f64),
}

/// Whether it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Met,
    Missed,
    /// The machine was too noisy to tell: something against itself spreads wider than the margin.
    Inconclusive,
}

impl Wanted {
    pub(super) fn judge(self, ratio: Spread, noise: Spread) -> Verdict {
        let (bound, met) = match self {
            Self::AtMost(bound) => (bound, ratio.median <= bound),
            Self::AtLeast(bound) => (bound, ratio.median >= bound),
        };
        if noise.distance_from_one() > (bound - 1.0).abs() {
            Verdict::Inconclusive
        } else if met {
            Verdict::Met
        } else {
            Verdict::Missed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(low: f64, median: f64, high: f64) -> Spread {
        Spread { low, median, high }
    }

    #[test]
    fn quartiles_lie_where_they_should() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([7.0]), Some(spread(7.0, 7.0, 7.0)));
        assert_eq!(Spread::of([2.0, 1.0]), Some(spread(1.25, 1.5, 1.75)));
        assert_eq!(
            Spread::of([5.0, 1.0, 4.0, 2.0, 3.0]),
            Some(spread(2.0, 3.0, 4.0))
        );
    }

    #[test]
    fn a_ratio_is_judged_only_where_the_noise_is_below_the_margin() {
        let (calm, loud) = (spread(0.97, 1.0, 1.05), spread(0.97, 1.0, 1.11));
        let (most, least) = (Wanted::AtMost(1.1), Wanted::AtLeast(1.08));
        assert_eq!(most.judge(spread(1.0, 1.09, 1.3), calm), Verdict::Met);
        assert_eq!(most.judge(spread(1.0, 1.11, 1.3), calm), Verdict::Missed);
        assert_eq!(least.judge(spread(1.0, 1.09, 1.3), calm), Verdict::Met);
        assert_eq!(least.judge(spread(1.0, 1.07, 1.3), calm), Verdict::Missed);
        assert_eq!(
            most.judge(spread(1.0, 1.0, 1.0), loud),
            Verdict::Inconclusive
        );
        assert_eq!(
            least.judge(spread(0.5, 0.5, 0.5), loud),
            Verdict::Inconclusive
        );
    }
}
