//! A table of codes of whichever quantizer was chosen.

use headwater_primitives::{Error, Result};

use super::binary::Binary;
use super::codec::Codec;
use super::compression::Compression;
use super::format::{self, Header, Stored};
use super::int8::Int8;
use super::nearest::Candidate;
use super::product::Product;
use super::table::CodeTable;
use crate::metric::Metric;

/// The codes of a store's vectors, in the compression that it was made with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Codes {
    /// One byte per dimension.
    Int8(CodeTable<Int8>),
    /// One bit per dimension.
    Binary(CodeTable<Binary>),
    /// One byte per group of dimensions.
    Product(CodeTable<Product>),
}

/// Does the same with the table, whichever it is.
macro_rules! with_table {
    ($codes:expr, $table:ident => $action:expr) => {
        match $codes {
            Codes::Int8($table) => $action,
            Codes::Binary($table) => $action,
            Codes::Product($table) => $action,
        }
    };
}

impl Codes {
    /// An empty table whose quantizer was trained on `sample`: vectors of `dimensions` one after the
    /// other, drawn from all. `None` for [`Compression::None`].
    ///
    /// The same sample and seed give the same codes on every machine.
    ///
    /// # Errors
    /// `InvalidInput` when the compression does not fit the dimensions, when the sample ends inside a
    /// vector, and for product quantization when it has fewer than 256 vectors.
    pub fn train(
        compression: Compression,
        metric: Metric,
        dimensions: usize,
        sample: &[f32],
        seed: u64,
    ) -> Result<Option<Codes>> {
        Ok(Some(match compression {
            Compression::None => return Ok(None),
            Compression::Int8 => {
                Codes::Int8(CodeTable::new(Int8::train(metric, dimensions, sample)?))
            }
            Compression::Binary => {
                Codes::Binary(CodeTable::new(Binary::train(metric, dimensions, sample, seed)?))
            }
            Compression::Product { bytes } => Codes::Product(CodeTable::new(Product::train(
                metric, dimensions, bytes, sample, seed,
            )?)),
        }))
    }

    /// How the vectors are compressed.
    pub fn compression(&self) -> Compression {
        match self {
            Codes::Int8(_) => Compression::Int8,
            Codes::Binary(_) => Compression::Binary,
            Codes::Product(table) => {
                Compression::Product { bytes: table.codec().bytes_per_vector() }
            }
        }
    }

    /// How distances are measured.
    pub fn metric(&self) -> Metric {
        with_table!(self, table => table.codec().metric())
    }

    /// The number of dimensions of the vectors.
    pub fn dimensions(&self) -> usize {
        with_table!(self, table => table.codec().dimensions())
    }

    /// The bytes of one code.
    pub fn bytes_per_vector(&self) -> usize {
        with_table!(self, table => table.codec().bytes_per_vector())
    }

    /// As [`CodeTable::slots`].
    pub fn slots(&self) -> usize {
        with_table!(self, table => table.slots())
    }

    /// As [`CodeTable::contains`].
    pub fn contains(&self, slot: u32) -> bool {
        with_table!(self, table => table.contains(slot))
    }

    /// As [`CodeTable::memory`].
    pub fn memory(&self) -> usize {
        with_table!(self, table => table.memory())
    }

    /// As [`CodeTable::set`].
    ///
    /// # Errors
    /// `InvalidInput` when `vector` has another number of dimensions.
    pub fn set(&mut self, slot: u32, vector: &[f32]) -> Result<()> {
        with_table!(self, table => table.set(slot, vector))
    }

    /// As [`CodeTable::clear`].
    pub fn clear(&mut self, slot: u32) {
        with_table!(self, table => table.clear(slot));
    }

    /// As [`CodeTable::scan`].
    ///
    /// # Errors
    /// `InvalidInput` when `vector` has another number of dimensions.
    pub fn scan(
        &self,
        vector: &[f32],
        keep: usize,
        accept: impl FnMut(u32) -> bool,
    ) -> Result<Vec<Candidate>> {
        with_table!(self, table => table.scan(vector, keep, accept))
    }

    /// The quantizer and the codes as bytes, with a magic, a version and a checksum.
    pub fn save(&self) -> Vec<u8> {
        with_table!(self, table => format::save(table))
    }

    /// What [`save`](Codes::save) wrote.
    ///
    /// # Errors
    /// `Corrupt` when `data` is damaged; `NewerVersion` when newer code wrote it.
    pub fn load(data: &[u8]) -> Result<Codes> {
        match Header::parse(data)?.codec {
            Int8::NUMBER => Ok(Codes::Int8(format::load(data)?)),
            Binary::NUMBER => Ok(Codes::Binary(format::load(data)?)),
            Product::NUMBER => Ok(Codes::Product(format::load(data)?)),
            other => Err(Error::corrupt(format!("vector codes of the unknown codec {other}"))),
        }
    }
}
