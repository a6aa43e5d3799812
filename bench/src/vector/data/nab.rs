//! Vectors from the NAB time series: windows of 96 points with mean 0 and variance 1.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use crate::vector::data::Vectors;

const ARCHIVE: &str = "nab-data-labels.tar.xz";
const DIMENSIONS: usize = 96;
const STRIDE: usize = 3;

/// Series that give queries and no base vectors: one of each kind of real series.
const QUERY_SERIES: [&str; 5] = [
    "realAWSCloudwatch/rds_cpu_utilization_e47b3b.csv",
    "realAdExchange/exchange-4_cpm_results.csv",
    "realKnownCause/ec2_request_latency_system_failure.csv",
    "realTraffic/speed_t4013.csv",
    "realTweets/Twitter_volume_UPS.csv",
];
const QUERIES_PER_SERIES: usize = 200;

/// Two windows are the same when no point differs by more than about this.
const RESOLUTION: f64 = 1e-4;

/// How much of the series is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// At least 100,000 vectors and 1,000 queries.
    Full,
    /// A tenth of both.
    Quick,
}

impl Size {
    fn share(self) -> usize {
        match self {
            Self::Full => 1,
            Self::Quick => 10,
        }
    }
}

/// The base and the queries; the archive of `dataset` is unpacked in `folder` for a while.
///
/// Constant windows, and all but the first of windows that are the same, are left out. The base is in
/// the order of the files and of time.
pub(crate) fn windows(dataset: &Path, folder: &Path, size: Size) -> Outcome<(Vectors, Vectors)> {
    let mut distinct = Distinct::default();
    let (mut base, mut queries) = (Vectors::new(DIMENSIONS), Vectors::new(DIMENSIONS));
    let unpacked = tempfile::tempdir_in(folder)?;
    unpack(&dataset.join(ARCHIVE), unpacked.path())?;
    for path in series(&unpacked.path().join("nab/data"))? {
        let mut windows = windows_of(&values(&path)?);
        windows.retain(|window| distinct.is_new(window));
        if QUERY_SERIES.iter().any(|name| path.ends_with(name)) {
            let wanted = QUERIES_PER_SERIES / size.share();
            let step = windows.len() / wanted;
            windows.iter().step_by(step.max(1)).take(wanted).for_each(|row| queries.push(row));
        } else {
            windows.iter().step_by(size.share()).for_each(|row| base.push(row));
        }
    }
    Ok((base, queries))
}

fn unpack(archive: &Path, folder: &Path) -> Outcome<()> {
    let tar = Command::new("tar").arg("-xJf").arg(archive).arg("-C").arg(folder).status()?;
    if !tar.success() {
        return Err(format!("tar could not unpack {}: {tar}", archive.display()).into());
    }
    Ok(())
}

/// The files of all series, in the order of their names.
fn series(data: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for kind in std::fs::read_dir(data)? {
        let kind = kind?.path();
        if kind.is_dir() {
            for file in std::fs::read_dir(kind)? {
                found.push(file?.path());
            }
        }
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension == "csv"));
    found.sort();
    Ok(found)
}

/// The second column of a file with a header.
fn values(path: &Path) -> Outcome<Vec<f64>> {
    let text = std::fs::read_to_string(path)?;
    let value = |line: &str| line.split_once(',').and_then(|(_, value)| value.trim().parse().ok());
    let values: Option<Vec<f64>> = text.lines().skip(1).map(value).collect();
    values.ok_or_else(|| format!("{}: a line is not `timestamp,value`", path.display()).into())
}

fn windows_of(series: &[f64]) -> Vec<Vec<f32>> {
    series.windows(DIMENSIONS).step_by(STRIDE).filter_map(normalised).collect()
}

/// With mean 0 and variance 1; a constant window has no such form.
fn normalised(window: &[f64]) -> Option<Vec<f32>> {
    let count = window.len() as f64;
    let mean = window.iter().sum::<f64>() / count;
    let variance = window.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt();
    // The mean of equal numbers may differ from them in the last bits.
    if deviation <= 1e-9 * mean.abs().max(1.0) {
        return None;
    }
    Some(window.iter().map(|value| ((value - mean) / deviation) as f32).collect())
}

/// Windows that were seen, rounded.
#[derive(Default)]
struct Distinct(HashSet<Vec<i32>>);

impl Distinct {
    fn is_new(&mut self, window: &[f32]) -> bool {
        let rounded = window.iter().map(|value| (f64::from(*value) / RESOLUTION).round() as i32);
        self.0.insert(rounded.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_mean_0_and_variance_1() {
        let window: Vec<f64> = (0..96).map(|point| f64::from(point * point)).collect();
        let row = normalised(&window).unwrap();
        let sum: f32 = row.iter().sum();
        let squares: f32 = row.iter().map(|value| value * value).sum();
        assert!(sum.abs() < 1e-3 && (squares - 96.0).abs() < 1e-2, "{sum} {squares}");
        assert_eq!(normalised(&[0.1; 96]), None);
    }

    #[test]
    fn windows_that_differ_by_rounding_are_the_same() {
        let mut distinct = Distinct::default();
        assert!(distinct.is_new(&[1.0, 2.0]));
        assert!(!distinct.is_new(&[1.000_001, 2.0]));
        assert!(distinct.is_new(&[1.01, 2.0]));
    }
}
