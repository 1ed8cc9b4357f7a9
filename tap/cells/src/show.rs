//! The table, the plot, JSON.

use crate::run::Outcome;
use crate::trace::Trace;
use std::fmt::Write;

/// Returns the table.
pub fn table(trace: &Trace, outcomes: &[Outcome]) -> String {
    let (nodes, cores, smt) = trace.machine;
    let mut out = format!(
        "{} cells, {cores} cores ({smt} a physical one), {nodes} nodes, {} steps of 1 ms\n\n\
         {:8} {:>12} {:>9} {:>11} {:>20} {:>9} {:>6}\n",
        trace.cells.len(),
        trace.steps,
        "policy",
        "utilization",
        "of bound",
        "violations",
        "moves/1000 core ms",
        "fairness",
        "far"
    );
    let bound = outcomes.iter().find(|o| o.name == "bound").map_or(0.0, |o| o.utilization);
    for o in outcomes {
        let of = if bound > 0.0 { 100.0 * o.utilization / bound } else { 100.0 };
        let _ = writeln!(
            out,
            "{:8} {:11.2}% {of:8.2}% {:10.2}% {:20.2} {:9.4} {:5.1}%",
            o.name,
            100.0 * o.utilization,
            100.0 * o.violations,
            o.moves,
            o.fairness,
            100.0 * o.far
        );
    }
    out
}

/// Returns the same as JSON.
pub fn json(trace: &Trace, outcomes: &[Outcome]) -> String {
    let rows: Vec<_> = outcomes
        .iter()
        .map(|o| {
            serde_json::json!({
                "policy": o.name, "utilization": o.utilization, "violations": o.violations,
                "moves_per_1000_core_ms": o.moves, "fairness": o.fairness, "far": o.far,
            })
        })
        .collect();
    let (nodes, cores, siblings) = trace.machine;
    let all = serde_json::json!({
        "cells": trace.cells.len(), "cores": cores, "nodes": nodes, "siblings": siblings,
        "steps": trace.steps, "rows": rows,
    });
    format!("{all:#}\n")
}

/// Colours that those who do not tell red from green can tell (Okabe and Ito).
const COLOURS: [&str; 7] =
    ["#999999", "#e69f00", "#0072b2", "#009e73", "#cc79a7", "#56b4e9", "#000000"];
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 360.0;

/// Returns the plot: cores that did work, over time, for each row.
pub fn svg(trace: &Trace, outcomes: &[Outcome]) -> String {
    let cores = f64::from(trace.machine.1);
    let (left, top) = (60.0, 40.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1060 450\" width=\"1060\" \
         height=\"450\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"1060\" height=\"450\" fill=\"white\"/>\n\
         <text x=\"{left}\" y=\"24\" font-size=\"15\">Cores that did work, of {cores}: \
         {} cells, {} ms</text>\n",
        trace.cells.len(),
        trace.steps
    );
    for quarter in 0..=4 {
        let part = f64::from(quarter) / 4.0;
        let (y, x) = (top + HEIGHT * (1.0 - part), left + WIDTH * part);
        let _ = write!(
            out,
            "<line x1=\"{left}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"#dddddd\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{} ms</text>\n",
            left + WIDTH,
            left - 6.0,
            y + 4.0,
            cores * part,
            top + HEIGHT + 20.0,
            f64::from(trace.steps) * part
        );
    }
    for (n, outcome) in outcomes.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        // at most one point a pixel: the mean of its steps
        let each = outcome.busy.len().div_ceil(WIDTH as usize).max(1);
        let count = outcome.busy.len().max(1) as f64;
        let points = outcome.busy.chunks(each).enumerate().map(|(i, steps)| {
            let mean = steps.iter().sum::<u32>() as f64 / steps.len() as f64;
            let x = left + WIDTH * (i * each) as f64 / count;
            format!("{x:.1},{:.1}", top + HEIGHT * (1.0 - mean / cores))
        });
        let points = points.collect::<Vec<_>>().join(" ");
        let dash = if outcome.name == "bound" { " stroke-dasharray=\"5 3\"" } else { "" };
        let y = top + 12.0 + 22.0 * n as f64;
        let x = left + WIDTH + 14.0;
        let _ = write!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"{dash} \
             points=\"{points}\"/>\n\
             <line x1=\"{x}\" y1=\"{y}\" x2=\"{}\" y2=\"{y}\" stroke=\"{colour}\" \
             stroke-width=\"3\"/>\n<text x=\"{}\" y=\"{}\">{}</text>\n",
            x + 18.0,
            x + 24.0,
            y + 4.0,
            outcome.name
        );
    }
    out.push_str("</svg>\n");
    out
}
