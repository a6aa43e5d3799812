//! Reading embeddings by the numbers of their rows.

use std::collections::HashMap;

use headwater_primitives::{Error, Result};
use lance::deps::datafusion::prelude::{col, lit};

use super::super::{Generation, Held, Pointer, generation_of};
use super::Tier;
use super::columns::{CHECKSUM, GENERATION, ROW, VECTOR};
use super::scan::Scan;
use crate::graph::{Graph, Neighbor};
use crate::rows::StoredRow;
use crate::store::Inner;

/// Rows asked for at once.
const AT_ONCE: usize = 1024;

impl Tier {
    /// Fetches the embeddings that `rows` have elsewhere, as of `pointer`.
    pub(in crate::warm) fn fill(
        &self,
        inner: &Inner,
        pointer: &Pointer,
        rows: &mut [StoredRow],
    ) -> Result<()> {
        let wanted: Vec<(i64, Generation)> = rows
            .iter()
            .filter(|row| row.embedding.is_elsewhere())
            .filter_map(|row| Some((row.row, row.embedding.generation()?)))
            .collect();
        let mut found = HashMap::with_capacity(wanted.len());
        self.each(inner, pointer, &wanted, |row, generation, vector| {
            found.insert((row, generation), vector.to_vec());
            Ok(())
        })?;
        for row in rows.iter_mut().filter(|row| row.embedding.is_elsewhere()) {
            let Some(generation) = row.embedding.generation() else { continue };
            let vector = found.get(&(row.row, generation)).cloned().ok_or_else(|| {
                Error::corrupt(format!(
                    "the embedding of row {} is in no entry of its warm tier's version {}",
                    row.id, pointer.version
                ))
            })?;
            row.embedding = Held::Fetched(vector, generation);
        }
        Ok(())
    }

    /// The distance of `query` from each of `rows`; `None` where a row has no embedding there.
    pub(crate) fn distances(
        &self,
        inner: &Inner,
        graph: &Graph,
        query: &[f32],
        rows: &[u64],
    ) -> Result<Vec<Option<f32>>> {
        let found = self.measured(inner, graph, query, rows.iter().copied())?;
        let found: HashMap<u64, f32> =
            found.into_iter().map(|found| (found.label, found.distance)).collect();
        Ok(rows.iter().map(|row| found.get(row).copied()).collect())
    }

    /// Those of `rows` that have their embeddings here, with their distances from `query`.
    pub(super) fn measured(
        &self,
        inner: &Inner,
        graph: &Graph,
        query: &[f32],
        rows: impl Iterator<Item = u64>,
    ) -> Result<Vec<Neighbor>> {
        let (wanted, pointer) = inner.namespace.snapshot(|snapshot| -> Result<_> {
            let sql = snapshot.sql();
            let mut wanted = Vec::new();
            for row in rows {
                if let Some(generation) = generation_of(sql, &inner.table, row as i64)? {
                    wanted.push((row as i64, generation));
                }
            }
            Ok((wanted, Pointer::load(sql, inner.table.number)?))
        })?;
        let (Some(pointer), false) = (pointer, wanted.is_empty()) else { return Ok(Vec::new()) };
        let mut measure = graph.measure(query)?;
        let mut found = Vec::with_capacity(wanted.len());
        self.each(inner, &pointer, &wanted, |row, _, vector| {
            found.push(Neighbor { label: row as u64, distance: measure.distance(vector)? });
            Ok(())
        })?;
        Ok(found)
    }

    /// Calls `work` with each of `wanted` that is there, and whole.
    fn each(
        &self,
        inner: &Inner,
        pointer: &Pointer,
        wanted: &[(i64, Generation)],
        mut work: impl FnMut(i64, Generation, &[f32]) -> Result<()>,
    ) -> Result<()> {
        if wanted.is_empty() {
            return Ok(());
        }
        let dataset = self.dataset(inner, pointer)?;
        let columns = [ROW, GENERATION, CHECKSUM, VECTOR];
        for wanted in wanted.chunks(AT_ONCE) {
            let generations: HashMap<i64, Generation> = wanted.iter().copied().collect();
            let rows = wanted.iter().map(|(row, _)| lit(*row)).collect();
            let mut scan = Scan::begin(&inner.namespace, &dataset, &columns, |scanner| {
                scanner.filter_expr(col(ROW).in_list(rows, false));
                Ok(())
            })?;
            while let Some(found) = scan.next()? {
                for at in 0..found.len() {
                    let (row, generation) = (found.row(at), found.generation(at));
                    if generations.get(&row) != Some(&generation) {
                        continue;
                    }
                    if !found.is_whole(at) {
                        return Err(Error::corrupt(format!(
                            "warm tier {}: the embedding of row number {row} is damaged",
                            dataset.uri()
                        )));
                    }
                    work(row, generation, found.vector(at))?;
                }
            }
        }
        Ok(())
    }
}
