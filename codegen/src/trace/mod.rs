//! Which tables a memoized function reads. In: a program. Out: for each cache of a function the tables and databases that its body, and
//! the functions of the workspace that it calls, reach through handles, each with the reason; what they write; and where a handle leaves
//! what can be followed, for which its whole database stands. In doubt there is more of it, never less.
//! Absent: what of that an attribute adds or takes away (`lower`), and whether it is right (`check`); which rows.
//!
//! [`Value`] is what is known of an expression: `types` says it of types, [`world::World`] knows the program, and a [`frame::Frame`] walks
//! a body: `calls` and `methods` find the others that it calls, which `follow` goes into, `asked` knows what tables do, `patterns` gives names to parts, `macros` looks into
//! macros' arguments.

mod asked;
mod calls;
mod follow;
mod frame;
mod macros;
mod methods;
mod patterns;
#[cfg(test)]
mod tests;
mod types;
mod value;
mod world;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cell_syntax::decl::{Decl, Memoized, MemoizedFunction};
use syn::spanned::Spanned as _;

use crate::model::Place;
use crate::program::bodies::FunctionId;
use crate::program::{DeclId, Declared, Program, Resolved};
use value::Value;
use world::World;

/// A database's table by its SQL name, or the whole database.
pub(crate) type Reached = (DeclId, Option<String>);

/// What a function does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traced {
    /// What it reads, each with the first reason: the functions on the way, and the expression.
    pub(crate) reads: BTreeMap<Reached, String>,
    /// What it writes, in the order of the walk.
    pub(crate) writes: Vec<Written>,
    /// Where handles leave what can be followed.
    pub(crate) left: Vec<Left>,
}

/// A write.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    pub(crate) what: BTreeSet<Reached>,
    pub(crate) place: Place,
    /// The functions on the way, and the expression.
    pub(crate) because: String,
}

/// A place where a handle leaves what can be followed.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) database: DeclId,
    pub(crate) place: Place,
    /// How, in words that follow the handle.
    pub(crate) how: String,
}

/// What every memoized function does, by its declaration.
pub(crate) fn trace(program: &Program) -> BTreeMap<DeclId, Traced> {
    let memoized: Vec<(&Declared, &MemoizedFunction)> = memoized(program).collect();
    if memoized.is_empty() {
        return BTreeMap::new();
    }
    let world = World::new(program);
    let ids: BTreeMap<FunctionId, &MemoizedFunction> =
        memoized.iter().filter_map(|(declared, function)| Some((function_of(program, declared)?, *function))).collect();
    let one = |(declared, _): &(&Declared, &MemoizedFunction)| {
        let traced = function_of(program, declared).map(|id| {
            let mut tracer = Tracer::new(&world, &ids);
            let own = world.own(id).unwrap_or_default();
            tracer.follow(id, own, Vec::new(), follow::Manner::ByTypes);
            tracer.finish()
        });
        (declared.id, traced.unwrap_or_default())
    };
    memoized.iter().map(one).collect()
}

/// Every function whose results are held.
pub(crate) fn memoized(program: &Program) -> impl Iterator<Item = (&Declared, &MemoizedFunction)> {
    program.declarations().iter().filter_map(|declared| match &declared.decl {
        Decl::Memoize(memoize) => match &memoize.of {
            Memoized::Function(function) => Some((declared, &**function)),
            Memoized::Table(_) => None,
        },
        _ => None,
    })
}

fn function_of(program: &Program, declared: &Declared) -> Option<FunctionId> {
    let place = declared.span().byte_range();
    let functions = &program.bodies.functions;
    let at = functions.iter().position(|function| {
        let here = function.module == declared.module && function.file == declared.file;
        here && function.item.sig.ident.span().byte_range() == place
    });
    at.map(FunctionId)
}

/// One cache's trace, under way.
struct Tracer<'a> {
    world: &'a World<'a>,
    memoized: &'a BTreeMap<FunctionId, &'a MemoizedFunction>,
    found: Traced,
    /// The functions that were followed, whether by a guess, and with what was known of their arguments.
    followed: BTreeMap<FunctionId, BTreeSet<(bool, Value, Vec<Value>)>>,
    /// The functions around.
    chain: Vec<String>,
    /// Whether it is only guessed that what is walked is called: then it may read, but a write would be no mistake to show.
    guessed: bool,
    /// How many bodies are being walked.
    depth: usize,
    /// What is still to be followed, each with the functions on the way.
    later: VecDeque<(Vec<String>, follow::Call)>,
}

impl<'a> Tracer<'a> {
    fn new(world: &'a World<'a>, memoized: &'a BTreeMap<FunctionId, &'a MemoizedFunction>) -> Self {
        Self {
            world,
            memoized,
            found: Traced::default(),
            followed: BTreeMap::new(),
            chain: Vec::new(),
            guessed: false,
            depth: 0,
            later: VecDeque::new(),
        }
    }

    fn finish(mut self) -> Traced {
        while let Some((chain, call)) = self.later.pop_front() {
            self.chain = chain;
            self.walk(call);
        }
        self.found
    }

    fn because(&self, text: &str) -> String {
        format!("{}: {text}", self.chain.join(" → "))
    }

    fn reads(&mut self, what: impl IntoIterator<Item = Reached>, text: &str) {
        for reached in what {
            if !self.found.reads.contains_key(&reached) {
                let because = self.because(text);
                self.found.reads.insert(reached, because);
            }
        }
    }

    fn writes(&mut self, what: BTreeSet<Reached>, place: Place, text: &str) {
        if self.guessed {
            return;
        }
        let because = self.because(text);
        let same =
            |written: &Written| written.what == what && written.place.span.byte_range() == place.span.byte_range();
        if !what.is_empty() && !self.found.writes.iter().any(same) {
            self.found.writes.push(Written { what, place, because });
        }
    }

    /// A value goes where nobody follows it: whatever it holds may be read there.
    fn leaves(&mut self, value: &Value, place: Place, text: &str, how: &str) {
        for database in self.world.carries(value) {
            self.reads([(database, None)], text);
            let same = |left: &Left| {
                left.database == database
                    && left.place.file == place.file
                    && left.place.span.byte_range() == place.span.byte_range()
            };
            if !self.found.left.iter().any(same) {
                self.found.left.push(Left { database, place, how: how.to_owned() });
            }
        }
    }

    /// What a memoized function says of itself.
    fn said(&mut self, id: FunctionId) {
        let Some(function) = self.memoized.get(&id) else { return };
        let Some(body) = self.world.program.bodies.functions.get(id.0) else { return };
        for path in &function.reads {
            let Resolved::Decl(row) = self.world.program.resolve_path(body.module, path) else { continue };
            let tables = self.world.tables_of(row).into_iter().map(|(database, table)| (database, Some(table)));
            let written = self.text(body.file, path.span());
            self.reads(tables, &format!("reads({written})"));
        }
    }

    /// What is written at a place, on one line and not too long of it.
    fn text(&self, file: crate::program::FileId, span: proc_macro2::Span) -> String {
        const LONGEST: usize = 60;
        let text = self.world.program.file(file).text.get(span.byte_range()).unwrap_or_default();
        let mut words = text.split_whitespace();
        let mut line = words.next().unwrap_or_default().to_owned();
        for word in words {
            // A chain of methods over several lines reads as on one.
            if !word.starts_with(['.', '?']) {
                line.push(' ');
            }
            line.push_str(word);
        }
        match line.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default().trim_end()),
            None => line,
        }
    }
}
