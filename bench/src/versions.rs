//! Versions of the measured systems, as the lock file of this build has them.

const LOCK: &str = include_str!("../../Cargo.lock");

/// The locked version of a package, or `unknown` if it is not in the lock file.
pub(crate) fn locked(package: &str) -> &'static str {
    let mut lines = LOCK.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \""));
    version.map_or("unknown", |version| version.trim_end_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_lock_file() {
        assert_eq!(locked("redb").split('.').count(), 3);
        assert_eq!(locked("no-such-package"), "unknown");
    }
}
