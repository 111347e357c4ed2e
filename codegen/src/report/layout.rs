//! A layered drawing of an acyclic graph: rows from top to bottom, every arrow pointing down.
//!
//! The usual three steps (Sugiyama): a row for each node by its longest way from the top, stand-ins where an arrow passes a row,
//! and sweeps that move each node of a row to the mean of its neighbours in the row before. Then places: each row is spread so that
//! boxes do not touch, as near to their neighbours as that allows. Deterministic: no randomness, ties by index.

/// Gap between boxes of a row.
const GAP: f64 = 28.0;
/// Room of a stand-in.
const STAND_IN_WIDTH: f64 = 8.0;
/// Sweeps down and up again.
const SWEEPS: usize = 12;

/// Where everything goes.
pub(super) struct Layout {
    /// For each node its row and the x of its middle.
    pub(super) places: Vec<(usize, f64)>,
    /// For each arrow the points that it passes, its ends included, as row and x.
    pub(super) ways: Vec<Vec<(usize, f64)>>,
    pub(super) rows: usize,
    pub(super) width: f64,
}

/// Lays out nodes of the given widths. The arrows must be free of cycles.
pub(super) fn layout(widths: &[f64], arrows: &[(usize, usize)]) -> Layout {
    let mut net = Net::new(widths, arrows);
    for _ in 0..SWEEPS {
        net.sweep(Direction::Down);
        net.sweep(Direction::Up);
    }
    net.spread();
    net.finish(widths.len())
}

#[derive(Clone, Copy)]
enum Direction {
    Down,
    Up,
}

/// The nodes and stand-ins; a chain of links between neighbouring rows for each arrow.
struct Net {
    row_of: Vec<usize>,
    widths: Vec<f64>,
    above: Vec<Vec<usize>>,
    below: Vec<Vec<usize>>,
    chains: Vec<Vec<usize>>,
    /// From left to right.
    rows: Vec<Vec<usize>>,
    x: Vec<f64>,
}

impl Net {
    fn new(widths: &[f64], arrows: &[(usize, usize)]) -> Self {
        let row_of = rows_of(widths.len(), arrows);
        let mut net = Self {
            widths: widths.to_vec(),
            above: vec![Vec::new(); widths.len()],
            below: vec![Vec::new(); widths.len()],
            chains: Vec::new(),
            rows: Vec::new(),
            x: Vec::new(),
            row_of,
        };
        for arrow in arrows {
            net.link(*arrow);
        }
        net.rows = vec![Vec::new(); net.row_of.iter().max().map_or(0, |last| last + 1)];
        for (node, row) in net.row_of.iter().enumerate() {
            net.rows[*row].push(node);
        }
        net.x = vec![0.0; net.row_of.len()];
        net
    }

    fn link(&mut self, (from, to): (usize, usize)) {
        let mut chain = vec![from];
        for row in self.row_of[from] + 1..self.row_of[to] {
            self.row_of.push(row);
            self.widths.push(STAND_IN_WIDTH);
            self.above.push(Vec::new());
            self.below.push(Vec::new());
            chain.push(self.row_of.len() - 1);
        }
        chain.push(to);
        for pair in chain.windows(2) {
            self.below[pair[0]].push(pair[1]);
            self.above[pair[1]].push(pair[0]);
        }
        self.chains.push(chain);
    }

    /// Sorts each row by where the neighbours in the row before it stand.
    fn sweep(&mut self, direction: Direction) {
        let mut position = vec![0.0; self.row_of.len()];
        let rows: Vec<usize> = match direction {
            Direction::Down => (0..self.rows.len()).collect(),
            Direction::Up => (0..self.rows.len()).rev().collect(),
        };
        for row in rows {
            let mut keyed: Vec<(f64, usize)> = Vec::new();
            for (at, node) in self.rows[row].iter().enumerate() {
                let mean = mean(
                    self.neighbours(*node, direction)
                        .iter()
                        .map(|other| position[*other]),
                );
                keyed.push((mean.unwrap_or(at as f64), *node));
            }
            keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
            self.rows[row] = keyed.into_iter().map(|(_, node)| node).collect();
            let length = self.rows[row].len() as f64;
            for (at, node) in self.rows[row].iter().enumerate() {
                position[*node] = (at as f64 + 0.5) / length;
            }
        }
    }

    fn neighbours(&self, node: usize, direction: Direction) -> &[usize] {
        match direction {
            Direction::Down => &self.above[node],
            Direction::Up => &self.below[node],
        }
    }

    /// Gives every node its x: first packed and centred, then drawn to its neighbours without touching or passing others.
    fn spread(&mut self) {
        for row in 0..self.rows.len() {
            let total: f64 = self.rows[row]
                .iter()
                .map(|node| self.widths[*node] + GAP)
                .sum();
            let mut left = -total / 2.0;
            for node in &self.rows[row] {
                self.x[*node] = left + (self.widths[*node] + GAP) / 2.0;
                left += self.widths[*node] + GAP;
            }
        }
        for _ in 0..SWEEPS {
            for row in 0..self.rows.len() {
                self.pull(row, Direction::Down);
            }
            for row in (0..self.rows.len()).rev() {
                self.pull(row, Direction::Up);
            }
        }
    }

    /// Moves a row's nodes towards their neighbours: the mean of the leftmost and the rightmost arrangement that keeps the gaps.
    fn pull(&mut self, row: usize, direction: Direction) {
        let nodes = self.rows[row].clone();
        let wanted = |net: &Self, node: usize| {
            mean(
                net.neighbours(node, direction)
                    .iter()
                    .map(|other| net.x[*other]),
            )
            .unwrap_or(net.x[node])
        };
        let wishes: Vec<f64> = nodes.iter().map(|node| wanted(self, *node)).collect();
        let apart = |a: usize, b: usize| (self.widths[a] + self.widths[b]) / 2.0 + GAP;
        let (mut from_left, mut from_right) = (wishes.clone(), wishes);
        for i in 1..nodes.len() {
            from_left[i] = from_left[i].max(from_left[i - 1] + apart(nodes[i - 1], nodes[i]));
        }
        for i in (1..nodes.len()).rev() {
            from_right[i - 1] =
                from_right[i - 1].min(from_right[i] - apart(nodes[i - 1], nodes[i]));
        }
        for (i, node) in nodes.iter().enumerate() {
            self.x[*node] = (from_left[i] + from_right[i]) / 2.0;
        }
    }

    fn finish(self, nodes: usize) -> Layout {
        let edge = |node: usize, side: f64| self.x[node] + side * self.widths[node] / 2.0;
        let all = 0..self.x.len();
        let left = all
            .clone()
            .map(|node| edge(node, -1.0))
            .fold(f64::INFINITY, f64::min);
        let right = all
            .map(|node| edge(node, 1.0))
            .fold(f64::NEG_INFINITY, f64::max);
        let place = |node: usize| (self.row_of[node], self.x[node] - left);
        Layout {
            places: (0..nodes).map(place).collect(),
            ways: self
                .chains
                .iter()
                .map(|chain| chain.iter().map(|node| place(*node)).collect())
                .collect(),
            rows: self.rows.len(),
            width: (right - left).max(0.0),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// The longest way from the top to each node.
fn rows_of(nodes: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut above = vec![std::collections::BTreeSet::new(); nodes];
    for (from, to) in arrows {
        above[*to].insert(*from);
    }
    let mut rows = vec![0; nodes];
    for step in crate::order::schedule(&vec![(); nodes], &above, |_| false) {
        rows[step.node] = above[step.node]
            .iter()
            .map(|from| rows[*from] + 1)
            .max()
            .unwrap_or(0);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_diamond_has_three_rows_and_no_crossing() {
        let layout = layout(&[50.0; 4], &[(0, 1), (0, 2), (1, 3), (2, 3)]);
        let rows: Vec<usize> = layout.places.iter().map(|(row, _)| *row).collect();
        assert_eq!((rows, layout.rows), (vec![0, 1, 1, 2], 3));
        assert!((layout.places[0].1 - layout.places[3].1).abs() < 0.01);
    }

    #[test]
    fn an_arrow_over_several_rows_passes_each() {
        let layout = layout(&[50.0; 3], &[(0, 1), (1, 2), (0, 2)]);
        let rows: Vec<usize> = layout.ways[2].iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [0, 1, 2]);
    }

    #[test]
    fn nothing_is_laid_out_as_nothing() {
        assert_eq!(layout(&[], &[]).rows, 0);
    }

    proptest! {
        #[test]
        fn boxes_never_touch_and_arrows_point_down(widths in prop::collection::vec(20.0..200.0f64, 1..24), edges in prop::collection::vec((0..24usize, 0..24usize), 0..60)) {
            let nodes = widths.len();
            let arrows: Vec<_> = edges.into_iter().filter(|(a, b)| a < b && *b < nodes).collect();
            let layout = layout(&widths, &arrows);
            for (from, to) in &arrows {
                prop_assert!(layout.places[*from].0 < layout.places[*to].0);
            }
            for a in 0..nodes {
                for b in a + 1..nodes {
                    let ((row_a, x_a), (row_b, x_b)) = (layout.places[a], layout.places[b]);
                    let apart = (widths[a] + widths[b]) / 2.0;
                    prop_assert!(row_a != row_b || (x_a - x_b).abs() >= apart, "{} {}", a, b);
                }
            }
        }
    }
}
