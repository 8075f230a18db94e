//! What was measured, as a person reads it. In: the times of each engine. Out: a table, and a line for each of both bars.
#![expect(clippy::print_stdout, reason = "it prints what was measured")]

use std::time::Duration;

use crate::rounds::Times;

/// What a row may take, at most, as a multiple of sqlx alone.
const BAR: f64 = 1.10;

/// Prints it all, and tells whether it is within both bars.
pub fn show(engines: &[Times], peers: &[&str]) -> bool {
    let others: String = peers.iter().map(|peer| format!(" Cell / {peer} |")).collect();
    println!("| engine | what | Cell | of sqlx alone |{others}");
    println!("| --- | --- | --: | --: |{}", " --: |".repeat(peers.len()));
    let mut all = Vec::new();
    for engine in engines {
        for (question, times) in &engine.rows {
            let (cell, others) = times.split_first().expect("Cell is asked");
            let ratios: Vec<f64> = others.iter().map(|other| cell.as_secs_f64() / other.as_secs_f64()).collect();
            let shown: String = ratios.iter().map(|ratio| format!(" {ratio:.2} |")).collect();
            println!("| {} | {} | {} |{shown}", engine.engine, question.name(), time(cell));
            all.push((format!("{} {}", engine.engine, question.name()), ratios));
        }
    }
    println!();
    limit(&all) & ahead(&all, peers)
}

fn time(time: &Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1000.0 { format!("{micros:.1} µs") } else { format!("{:.2} ms", micros / 1000.0) }
}

fn limit(rows: &[(String, Vec<f64>)]) -> bool {
    let over: Vec<&str> = rows.iter().filter(|(_, ratios)| ratios[0] > BAR).map(|(row, _)| row.as_str()).collect();
    let told = if over.is_empty() { "yes".to_owned() } else { format!("NO, not at {}", over.join(", ")) };
    println!("At most {BAR:.2} × sqlx alone at each row: {told}.");
    over.is_empty()
}

fn ahead(rows: &[(String, Vec<f64>)], peers: &[&str]) -> bool {
    if peers.is_empty() {
        return true;
    }
    let counts: Vec<usize> =
        (1..=peers.len()).map(|at| rows.iter().filter(|(_, ratios)| ratios[at] < 1.0).count()).collect();
    let told: Vec<String> =
        peers.iter().zip(&counts).map(|(peer, count)| format!("of {peer} at {count} of {}", rows.len())).collect();
    let at_most = counts.iter().all(|count| count * 2 > rows.len());
    println!(
        "Ahead of each of the others at most rows: {}: ahead {}.",
        if at_most { "yes" } else { "NO" },
        told.join(", ")
    );
    at_most
}
