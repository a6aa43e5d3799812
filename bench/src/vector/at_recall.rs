//! How fast an index answers when it finds a given share of the true neighbours.
//!
//! An index has no knob for recall, only `ef`. So its recall is measured at growing `ef`, and the speed
//! at a recall is interpolated between the two settings around it: the logarithm of the speed is close
//! to a line there.

use crate::Outcome;
use crate::vector::engines::Index;

const EFS: [usize; 22] = [
    10, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096,
    6144, 8192, 12288,
];

/// A setting is measured for as long as this at least.
pub(crate) const LEAST_SECONDS: f64 = 0.3;

/// What an index finds at a setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Setting {
    pub(crate) ef: usize,
    pub(crate) recall: f64,
}

/// The settings around a recall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Around {
    /// Missing when the lowest setting already finds enough.
    below: Option<Setting>,
    pub(crate) above: Setting,
    recall: f64,
}

/// Recall at growing settings, up to the first that reaches `recall`.
pub(crate) fn settings(
    index: &mut Index,
    truth: &[Vec<u32>],
    recall: f64,
) -> Outcome<Vec<Setting>> {
    let mut settings = Vec::new();
    for ef in EFS {
        let found = index.search(ef, 0.0)?.recall(truth);
        settings.push(Setting { ef, recall: found });
        if found >= recall {
            break;
        }
    }
    Ok(settings)
}

/// The settings around `recall`; `None` when it is not reached.
pub(crate) fn around(settings: &[Setting], recall: f64) -> Option<Around> {
    let above = settings.iter().position(|setting| setting.recall >= recall)?;
    let below = above.checked_sub(1).map(|below| settings[below]);
    Some(Around { below, above: settings[above], recall })
}

impl Around {
    /// Queries per second at this recall; a lower bound when the lowest setting finds more.
    pub(crate) fn queries_per_second(&self, index: &mut Index) -> Outcome<f64> {
        let mut measure = |setting: Setting| -> Outcome<f64> {
            Ok(index.search(setting.ef, LEAST_SECONDS)?.queries_per_second())
        };
        let above = measure(self.above)?;
        match self.below {
            None => Ok(above),
            Some(below) => Ok(self.between(measure(below)?, above)),
        }
    }

    fn between(&self, speed_below: f64, speed_above: f64) -> f64 {
        let Some(below) = self.below else { return speed_above };
        let share = (self.recall - below.recall) / (self.above.recall - below.recall);
        (speed_below.ln() * (1.0 - share) + speed_above.ln() * share).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: [Setting; 3] = [
        Setting { ef: 10, recall: 0.5 },
        Setting { ef: 20, recall: 0.9 },
        Setting { ef: 40, recall: 1.0 },
    ];

    #[test]
    fn a_speed_is_interpolated_between_the_settings_around_a_recall() {
        let around = around(&SETTINGS, 0.95).unwrap();
        assert_eq!((around.below, around.above), (Some(SETTINGS[1]), SETTINGS[2]));
        assert!((around.between(400.0, 100.0) - 200.0).abs() < 1e-9);
    }

    #[test]
    fn the_lowest_setting_stands_for_what_it_exceeds() {
        let around = around(&SETTINGS, 0.4).unwrap();
        assert_eq!((around.below, around.above), (None, SETTINGS[0]));
    }

    #[test]
    fn a_recall_that_is_not_reached_has_no_speed() {
        assert_eq!(around(&SETTINGS[..2], 0.95), None);
    }
}
