//! Scaling curves as SVG: enough for throughput over threads, and no more.

use std::fmt::Write as _;

use crate::allocators::HOARD;

/// One allocator's curve.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    /// Threads and throughput.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 180.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;

/// Okabe and Ito's colours, which colour-blind readers can tell apart; ours is drawn in the first and bold.
const COLOURS: [&str; 9] = [
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#b8a800", "#0072b2", "#d55e00", "#cc79a7",
    "#777777",
];

/// The least 1, 2 or 5 times a power of ten that is not below a fifth of `top`.
fn step(top: f64) -> f64 {
    let raw = (top / 5.0).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|&step| step >= raw)
        .unwrap_or(raw)
}

/// Throughput over the number of threads; the threads on a logarithmic axis.
pub(crate) fn draw(title: &str, threads: &[u32], lines: &[Line]) -> String {
    let most = lines.iter().flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
    let step = step(most);
    let top = (most / step).ceil().max(1.0) * step;
    let last = threads.iter().copied().max().map_or(1.0, f64::from).log2().max(1.0);
    let x = |count: f64| LEFT + count.log2() / last * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"16\">{title}</text>\n"
    );
    for i in 0..=(top / step).round() as u32 {
        let value = f64::from(i) * step;
        let (right, level, label) = (WIDTH - RIGHT, y(value), (value * 1e6).round() / 1e6);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{level:.1}\" y2=\"{level:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            level + 4.0,
        );
    }
    for &count in threads {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{count}</text>",
            x(f64::from(count)),
            HEIGHT - BOTTOM + 20.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">threads</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 12.0
    );
    for (i, line) in lines.iter().enumerate() {
        let ours = line.name == HOARD;
        let others = lines[..i].iter().filter(|other| other.name != HOARD).count();
        let colour = if ours { COLOURS[0] } else { COLOURS[1 + others % (COLOURS.len() - 1)] };
        let width = if ours { 3.5 } else { 1.6 };
        let points: Vec<String> = line
            .points
            .iter()
            .map(|&(count, value)| format!("{:.1},{:.1}", x(count), y(value)))
            .collect();
        let key = TOP + 8.0 + i as f64 * 20.0;
        let (from, to) = (WIDTH - RIGHT + 16.0, WIDTH - RIGHT + 40.0);
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\n\
             <line x1=\"{from}\" x2=\"{to}\" y1=\"{key}\" y2=\"{key}\" stroke=\"{colour}\" \
             stroke-width=\"{width}\"/><text x=\"{}\" y=\"{}\">{}</text>",
            points.join(" "),
            to + 8.0,
            key + 4.0,
            line.name,
        );
    }
    out + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::{Line, draw, step};

    #[test]
    fn axis_steps_are_round() {
        for (top, expected) in [(9.0, 2.0), (100.0, 20.0), (26.0, 10.0), (0.4, 0.1)] {
            assert!((step(top) - expected).abs() < 1e-9, "{top}");
        }
    }

    #[test]
    fn points_stay_inside_the_drawing() {
        let line = Line { name: "glibc".into(), points: vec![(1.0, 3.0), (16.0, 47.0)] };
        let drawing = draw("larson", &[1, 16], &[line]);
        let points = drawing
            .split("points=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next())
            .expect("a curve");
        for number in points.split([' ', ',']) {
            let value: f64 = number.parse().expect("a number");
            assert!((0.0..=760.0).contains(&value));
        }
        assert!(drawing.ends_with("</svg>\n"));
    }
}
