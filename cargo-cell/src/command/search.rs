//! `search`: the indexes of an application against their tables. In: an application, its environment, the names of indexes. Out: what its
//! program says of them, as text for people or values for programs. Absent: looking after an index, which the program does: it alone
//! knows how its rows are indexed.

mod program;
mod text;

use cell_codegen::compile::Compiled;
use cell_manifest::{SearchState, SearchedIndex};
use cell_syntax::suggest;
use serde::Serialize;

use super::build;
use crate::cli::{Search, SearchAction};
use crate::output::Output;
use crate::source;
use crate::state;
use crate::stop::{Exit, Mistake, Stop};

/// How an index stands, for programs.
#[derive(Serialize)]
struct Value<'a> {
    command: &'static str,
    #[serde(flatten)]
    index: &'a SearchedIndex,
}

/// Does what was asked for to the indexes.
///
/// # Errors
/// Why it is not done.
pub(super) async fn run(arguments: &Search, output: &Output) -> Result<Exit, Stop> {
    let of = arguments.action.indexes();
    let options = of.compile.scan();
    let compiled = source::compile(&options, &of.compile, output)?;
    source::environment(&compiled, &of.compile.application)?;
    check(&compiled, &of.indexes)?;
    if compiled.model.indexes.is_empty() {
        let message = format!("`{}` has no search index", compiled.model.application);
        return Err(Mistake::new(message).help("`#[Search::index]` on a table makes one").into());
    }
    let folder = state::folder(&compiled.root);
    let executable = build::program(&compiled, &options, output).await?;
    let environment = [
        ("CELL_ROOT", compiled.root.clone().into()),
        ("CELL_STATE", folder.into()),
        ("CELL_SEARCH", arguments.action.mode().into()),
        ("CELL_SEARCH_INDEXES", of.indexes.join(",").into()),
    ];
    let indexes = tokio::select! {
        indexes = program::run(&executable, &environment, output) => indexes?,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted.map_err(|error| Mistake::new(format!("cannot take signals: {error}")))?;
            return Ok(interrupted_during(&arguments.action, output));
        }
    };
    let command = arguments.action.command();
    for index in &indexes {
        output.value(Value { command, index });
        output.text(|style| text::index(index, style));
    }
    end(&arguments.action, &indexes)
}

/// Before the build, which takes longer than reading a name again.
fn check(compiled: &Compiled, names: &[String]) -> Result<(), Stop> {
    let known: Vec<&str> = compiled.model.indexes.iter().map(|index| index.definition.name.as_str()).collect();
    let Some(stranger) = names.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let application = &compiled.model.application;
    let help = match known.is_empty() {
        true => "it has none".to_owned(),
        false => suggest::help(stranger, known.iter().copied()),
    };
    Err(Mistake::usage(format!("`{application}` has no search index `{stranger}`")).help(help).into())
}

/// The program ends with this command.
fn interrupted_during(action: &SearchAction, output: &Output) -> Exit {
    if matches!(action, SearchAction::Rebuild(_)) {
        output.note("the index is searched as it was; the next process that writes it builds it anew");
    }
    Exit::Application(130)
}

/// How the command ends that was told this.
fn end(action: &SearchAction, indexes: &[SearchedIndex]) -> Result<Exit, Stop> {
    let count = |is: &dyn Fn(&SearchedIndex) -> bool| match indexes.iter().filter(|index| is(index)).count() {
        0 => None,
        1 => Some("1 search index".to_owned()),
        several => Some(format!("{several} search indexes")),
    };
    let failed = count(&|index| index.problem.is_some());
    let mistake = match action {
        SearchAction::Status(_) => {
            let unknown = count(&|index| index.state == SearchState::Unknown);
            let unbuilt = count(&|index| match index.state {
                SearchState::Unreadable | SearchState::Forgotten => true,
                SearchState::Missing => index.building.is_none(),
                SearchState::Ready | SearchState::InMemory | SearchState::Unknown => false,
            });
            let help = "the application builds it when it runs, `cargo cell search rebuild` builds it now";
            match (unknown, unbuilt) {
                (Some(unknown), _) => Some(Mistake::new(format!("{unknown} could not be looked at"))),
                (None, Some(unbuilt)) => Some(Mistake::out_of_date(format!("{unbuilt} not built")).help(help)),
                (None, None) => None,
            }
        }
        SearchAction::Verify(_) => {
            let differing = count(&|index| index.compared.as_ref().is_some_and(|compared| compared.differing > 0));
            let help = "`cargo cell search rebuild` builds it anew; `cargo cell migrate verify` tells of triggers that are missing";
            match (differing, failed) {
                (Some(differing), _) => {
                    Some(Mistake::out_of_date(format!("{differing} not as the table says")).help(help))
                }
                (None, Some(failed)) => Some(Mistake::new(format!("{failed} could not be compared"))),
                (None, None) => None,
            }
        }
        SearchAction::Rebuild(_) => failed.map(|failed| Mistake::new(format!("{failed} could not be built"))),
    };
    mistake.map_or(Ok(Exit::Done), |mistake| Err(mistake.into()))
}
