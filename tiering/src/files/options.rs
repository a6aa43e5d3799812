//! How large files, row groups and batches get.

/// How files of the lake are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileOptions {
    /// A file is ended once it has about this many bytes.
    pub file_bytes: u64,
    /// The most rows of a row group.
    pub row_group_rows: usize,
    /// The most encoded bytes of a row group, which the writer has to hold.
    pub row_group_bytes: usize,
    /// The most rows of a batch on its way into a row group.
    pub batch_rows: usize,
    /// The most bytes of the documents of such a batch.
    pub batch_bytes: usize,
    /// The most rows of a page, which is what a read of one row has to decode.
    pub page_rows: usize,
    /// How hard zstd tries: 1 to 22.
    pub zstd_level: i32,
}

impl Default for FileOptions {
    /// Files of 128 MiB in row groups of 128 Ki rows or 32 MiB.
    fn default() -> Self {
        FileOptions {
            file_bytes: 128 << 20,
            row_group_rows: 128 << 10,
            row_group_bytes: 32 << 20,
            batch_rows: 8192,
            batch_bytes: 8 << 20,
            page_rows: 8192,
            zstd_level: 3,
        }
    }
}
