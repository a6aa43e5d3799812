//! Versions of the measured systems, as this build's lock file and the peers' requirements have them.

const LOCK: &str = include_str!("../../Cargo.lock");
const REQUIREMENTS: &str = include_str!("../peers/requirements.txt");

/// The locked version of a package, or `unknown` if it is not in the lock file.
pub(crate) fn locked(package: &str) -> &'static str {
    let mut lines = LOCK.lines();
    let name = format!("name = \"{package}\"");
    lines.find(|line| *line == name);
    let version = lines.next().and_then(|line| line.strip_prefix("version = \""));
    version.map_or("unknown", |version| version.trim_end_matches('"'))
}

/// The version of a Python package that the requirements pin, or `unknown` if they do not.
pub(crate) fn pinned(package: &str) -> &'static str {
    let mut lines = REQUIREMENTS.lines();
    let version = lines.find_map(|line| line.strip_prefix(package)?.strip_prefix("=="));
    version.unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_lock_file() {
        assert_eq!(locked("redb").split('.').count(), 3);
        assert_eq!(locked("no-such-package"), "unknown");
    }

    #[test]
    fn a_version_is_read_from_the_requirements() {
        assert_eq!(pinned("lancedb").split('.').count(), 3);
        assert_eq!(pinned("lance"), "unknown");
    }
}
