//! Runs `makemigrations.py` in an environment of its own. In: sizes. Out: what Django took for each.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What Django took.
pub struct Times {
    /// Comparing the states: `MigrationAutodetector.changes`.
    pub detect: Duration,
    /// The command, without Python's start and importing the models.
    pub command: Duration,
    /// The process, from its start to its end.
    pub process: Duration,
}

pub fn measure(sizes: &[(usize, usize)]) -> Result<Vec<Times>, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let environment = folder.path().join("environment");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let python = environment.join("bin/python");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "django==5.2.8"]))?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("makemigrations.py");
    let mut all = Vec::new();
    for (tables, changes) in sizes {
        let place = folder.path().join(format!("shop_{tables}"));
        let mut command = Command::new(&python);
        command.arg(&script).arg(&place).args([tables.to_string(), changes.to_string()]);
        let said = run(&mut command)?;
        let mut times = said.lines().last().unwrap_or_default().split(' ').map(str::parse::<f64>);
        let mut time = || times.next().ok_or("a time is missing").map(|time| time.map(Duration::from_secs_f64));
        all.push(Times { detect: time()??, command: time()??, process: time()?? });
    }
    Ok(all)
}

fn run(command: &mut Command) -> Result<String, Box<dyn std::error::Error>> {
    let done = command.stderr(Stdio::inherit()).output()?;
    if !done.status.success() {
        return Err(format!("{command:?}: {}", done.status).into());
    }
    Ok(String::from_utf8(done.stdout)?)
}
