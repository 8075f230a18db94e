//! The kinds of changes that two releases of the fixture `depot` differ by: a table for each, and what each release reads of the
//! rows that one of them wrote. Absent: the kinds that interrupt the earlier release, which `interrupts` lists.

/// Which release writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    First,
    Second,
}
use By::{First, Second};

/// A row is added, or the one that was added is set, and read by both. `#` stands for a number that each round has of its own.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) by: By,
    /// The fields that are sent; of a row that is set the others are sent as the release reads them.
    pub(super) sent: &'static str,
    /// What the first release reads afterwards, but for `id`; nothing where it does not know the table.
    pub(super) first: &'static str,
    /// What the second reads.
    pub(super) second: &'static str,
}

/// A row, and what is done with it, in this order.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) acts: &'static [Act],
    /// What the second release reads behind each act once nothing waits any more, where that is something else.
    pub(super) after: &'static [&'static str],
}

/// A table, called as what happens to it.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) table: &'static str,
    pub(super) rows: &'static [Row],
}

const fn kind(table: &'static str, rows: &'static [Row]) -> Kind {
    Kind { table, rows }
}

const fn row(acts: &'static [Act]) -> Row {
    Row { acts, after: &[] }
}

const fn act(by: By, sent: &'static str, first: &'static str, second: &'static str) -> Act {
    Act { by, sent, first, second }
}

/// Both releases read what was sent, and nothing else.
const fn same(by: By, sent: &'static str) -> Act {
    act(by, sent, sent, sent)
}

pub(super) const KINDS: &[Kind] = &[
    kind(
        "parent",
        &[row(&[
            same(First, r#"{"id":#,"label":"a#"}"#),
            same(Second, r#"{"label":"b#"}"#),
            same(First, r#"{"label":"c#"}"#),
        ])],
    ),
    kind("table_added", &[row(&[act(Second, r#"{"label":"a#"}"#, "", r#"{"label":"a#"}"#)])]),
    kind(
        "table_removed",
        &[row(&[
            act(First, r#"{"label":"a#"}"#, r#"{"label":"a#"}"#, ""),
            act(First, r#"{"label":"b#"}"#, r#"{"label":"b#"}"#, ""),
        ])],
    ),
    kind(
        "table_renamed",
        &[
            row(&[
                same(First, r#"{"label":"a#"}"#),
                same(Second, r#"{"label":"b#"}"#),
                same(First, r#"{"label":"c#"}"#),
            ]),
            row(&[same(Second, r#"{"label":"d#"}"#), same(First, r#"{"label":"e#"}"#)]),
        ],
    ),
    kind(
        "column_added",
        &[
            row(&[
                act(First, r#"{"label":"a#"}"#, r#"{"label":"a#"}"#, r#"{"label":"a#","note":null}"#),
                act(Second, r#"{"note":"n#"}"#, r#"{"label":"a#"}"#, r#"{"label":"a#","note":"n#"}"#),
                act(First, r#"{"label":"b#"}"#, r#"{"label":"b#"}"#, r#"{"label":"b#","note":"n#"}"#),
            ]),
            row(&[
                act(Second, r#"{"label":"c#","note":"n#"}"#, r#"{"label":"c#"}"#, r#"{"label":"c#","note":"n#"}"#),
                act(First, r#"{"label":"d#"}"#, r#"{"label":"d#"}"#, r#"{"label":"d#","note":"n#"}"#),
            ]),
        ],
    ),
    kind(
        "column_with_default",
        &[
            row(&[
                act(First, r#"{"label":"a#"}"#, r#"{"label":"a#"}"#, r#"{"label":"a#","stars":3}"#),
                act(Second, r#"{"stars":5}"#, r#"{"label":"a#"}"#, r#"{"label":"a#","stars":5}"#),
                act(First, r#"{"label":"b#"}"#, r#"{"label":"b#"}"#, r#"{"label":"b#","stars":5}"#),
            ]),
            row(&[
                act(Second, r#"{"label":"c#","stars":null}"#, r#"{"label":"c#"}"#, r#"{"label":"c#","stars":3}"#),
                act(First, r#"{"label":"d#"}"#, r#"{"label":"d#"}"#, r#"{"label":"d#","stars":3}"#),
            ]),
        ],
    ),
    kind(
        "column_required",
        &[
            row(&[
                act(First, r#"{"label":"A#"}"#, r#"{"label":"A#"}"#, r#"{"label":"A#","folded":"a#"}"#),
                act(Second, r#"{"folded":"own#"}"#, r#"{"label":"A#"}"#, r#"{"label":"A#","folded":"own#"}"#),
                act(First, r#"{"label":"B#"}"#, r#"{"label":"B#"}"#, r#"{"label":"B#","folded":"own#"}"#),
            ]),
            row(&[
                act(Second, r#"{"label":"C#","folded":"c"}"#, r#"{"label":"C#"}"#, r#"{"label":"C#","folded":"c"}"#),
                act(First, r#"{"label":"D#"}"#, r#"{"label":"D#"}"#, r#"{"label":"D#","folded":"c"}"#),
            ]),
        ],
    ),
    kind(
        "column_removed",
        &[
            row(&[
                act(First, r#"{"label":"a#","weight":7}"#, r#"{"label":"a#","weight":7}"#, r#"{"label":"a#"}"#),
                act(Second, r#"{"label":"b#"}"#, r#"{"label":"b#","weight":7}"#, r#"{"label":"b#"}"#),
            ]),
            row(&[
                act(Second, r#"{"label":"c#"}"#, r#"{"label":"c#","weight":0}"#, r#"{"label":"c#"}"#),
                act(First, r#"{"weight":8}"#, r#"{"label":"c#","weight":8}"#, r#"{"label":"c#"}"#),
                act(Second, r#"{"label":"d#"}"#, r#"{"label":"d#","weight":8}"#, r#"{"label":"d#"}"#),
            ]),
        ],
    ),
    kind(
        "column_renamed",
        &[
            row(&[
                act(First, r#"{"title":"a#"}"#, r#"{"title":"a#"}"#, r#"{"name":"a#"}"#),
                act(Second, r#"{"name":"b#"}"#, r#"{"title":"b#"}"#, r#"{"name":"b#"}"#),
                act(First, r#"{"title":"c#"}"#, r#"{"title":"c#"}"#, r#"{"name":"c#"}"#),
            ]),
            row(&[
                act(Second, r#"{"name":"d#"}"#, r#"{"title":"d#"}"#, r#"{"name":"d#"}"#),
                act(First, r#"{"title":"e#"}"#, r#"{"title":"e#"}"#, r#"{"name":"e#"}"#),
                act(Second, r#"{"name":"f#"}"#, r#"{"title":"f#"}"#, r#"{"name":"f#"}"#),
            ]),
        ],
    ),
    kind(
        "made_required",
        &[
            row(&[
                act(First, r#"{"label":"a#","age":5}"#, r#"{"label":"a#","age":5}"#, r#"{"label":"a#","age":5}"#),
                act(Second, r#"{"age":6}"#, r#"{"label":"a#","age":6}"#, r#"{"label":"a#","age":6}"#),
                act(First, r#"{"age":null}"#, r#"{"label":"a#","age":30}"#, r#"{"label":"a#","age":30}"#),
            ]),
            row(&[
                act(Second, r#"{"label":"b#","age":7}"#, r#"{"label":"b#","age":7}"#, r#"{"label":"b#","age":7}"#),
                act(First, r#"{"age":8}"#, r#"{"label":"b#","age":8}"#, r#"{"label":"b#","age":8}"#),
            ]),
        ],
    ),
    // A row without a value is nothing that the first could read: the migration says so.
    kind(
        "made_nullable",
        &[
            row(&[same(First, r#"{"note":"a#"}"#), same(Second, r#"{"note":"b#"}"#), same(First, r#"{"note":"c#"}"#)]),
            row(&[same(Second, r#"{"note":"d#"}"#), same(First, r#"{"note":"e#"}"#)]),
        ],
    ),
    kind(
        "text_widened",
        &[
            row(&[
                same(First, r#"{"text":"a#"}"#),
                same(Second, r#"{"text":"longer-#"}"#),
                same(First, r#"{"text":"b#"}"#),
            ]),
            row(&[same(Second, r#"{"text":"longest-#"}"#), same(First, r#"{"text":"c#"}"#)]),
        ],
    ),
    kind(
        "text_shortened",
        &[
            Row {
                acts: &[
                    same(First, r#"{"text":"abcdefg#"}"#),
                    same(Second, r#"{"text":"a#"}"#),
                    same(First, r#"{"text":"hijklmn#"}"#),
                ],
                after: &[r#"{"text":"abcde"}"#, r#"{"text":"a#"}"#, r#"{"text":"hijkl"}"#],
            },
            row(&[same(Second, r#"{"text":"b#"}"#)]),
        ],
    ),
    kind(
        "decimal_widened",
        &[
            row(&[
                same(First, r##"{"price":"#.25"}"##),
                same(Second, r##"{"price":"1234567.5#"}"##),
                same(First, r##"{"price":"#.75"}"##),
            ]),
            row(&[same(Second, r##"{"price":"7654321.5#"}"##)]),
        ],
    ),
    // Greater numbers, and below the other value, are likewise.
    kind(
        "integer_widened",
        &[
            row(&[
                same(First, r##"{"count":#}"##),
                same(Second, r##"{"count":7#}"##),
                same(First, r##"{"count":-#}"##),
            ]),
            row(&[same(Second, r#"{"count":2147483647}"#), same(First, r##"{"count":#}"##)]),
        ],
    ),
    kind(
        "value_added",
        &[
            row(&[same(First, r#"{"color":"red"}"#), same(Second, r#"{"color":"blue"}"#)]),
            row(&[same(Second, r#"{"color":"red"}"#), same(First, r#"{"color":"blue"}"#)]),
        ],
    ),
    kind(
        "value_removed",
        &[
            Row {
                acts: &[
                    same(First, r#"{"size":"small"}"#),
                    same(Second, r#"{"size":"large"}"#),
                    same(First, r#"{"size":"huge"}"#),
                ],
                after: &[r#"{"size":"small"}"#, r#"{"size":"large"}"#, r#"{"size":"large"}"#],
            },
            Row {
                acts: &[
                    same(First, r#"{"size":"huge"}"#),
                    // It is no longer written.
                    act(Second, r#"{"size":"huge"}"#, r#"{"size":"large"}"#, r#"{"size":"large"}"#),
                ],
                after: &[r#"{"size":"large"}"#, r#"{"size":"large"}"#],
            },
            row(&[same(Second, r#"{"size":"large"}"#)]),
        ],
    ),
    kind(
        "value_renamed",
        &[
            row(&[
                act(First, r#"{"medium":"tape"}"#, r#"{"medium":"tape"}"#, r#"{"medium":"disc"}"#),
                same(Second, r#"{"medium":"book"}"#),
                act(First, r#"{"medium":"tape"}"#, r#"{"medium":"tape"}"#, r#"{"medium":"disc"}"#),
            ]),
            row(&[
                act(Second, r#"{"medium":"disc"}"#, r#"{"medium":"tape"}"#, r#"{"medium":"disc"}"#),
                same(First, r#"{"medium":"book"}"#),
                act(Second, r#"{"medium":"disc"}"#, r#"{"medium":"tape"}"#, r#"{"medium":"disc"}"#),
            ]),
        ],
    ),
    kind(
        "unique_added",
        &[
            row(&[same(First, r#"{"code":"a#"}"#), same(Second, r#"{"code":"b#"}"#)]),
            // As long as the first release is there its codes may be the same for a while.
            row(&[same(Second, r#"{"code":"c#"}"#), same(First, r#"{"code":"b#"}"#), same(Second, r#"{"code":"d#"}"#)]),
        ],
    ),
    kind(
        "unique_removed",
        &[
            row(&[same(First, r#"{"code":"a#"}"#), same(Second, r#"{"code":"b#"}"#), same(First, r#"{"code":"c#"}"#)]),
            row(&[same(Second, r#"{"code":"c#"}"#), same(First, r#"{"code":"c#"}"#)]),
        ],
    ),
    kind(
        "index_added",
        &[
            row(&[same(First, r#"{"code":"a#"}"#), same(Second, r#"{"code":"b#"}"#)]),
            row(&[same(Second, r#"{"code":"c#"}"#), same(First, r#"{"code":"d#"}"#)]),
        ],
    ),
    kind(
        "index_removed",
        &[
            row(&[same(First, r#"{"code":"a#"}"#), same(Second, r#"{"code":"b#"}"#)]),
            row(&[same(Second, r#"{"code":"c#"}"#), same(First, r#"{"code":"d#"}"#)]),
        ],
    ),
    kind(
        "check_added",
        &[
            row(&[
                same(First, r##"{"n":#}"##),
                same(Second, r##"{"n":1#}"##),
                same(First, r#"{"n":0}"#),
                same(Second, r##"{"n":#}"##),
            ]),
            row(&[same(Second, r##"{"n":2#}"##), same(First, r##"{"n":3#}"##)]),
        ],
    ),
    kind(
        "check_removed",
        &[
            row(&[same(First, r##"{"n":#}"##), same(Second, r#"{"n":0}"#), same(First, r#"{"n":-1}"#)]),
            row(&[same(Second, r#"{"n":-2}"#), same(First, r##"{"n":1#}"##)]),
        ],
    ),
    kind(
        "reference_added",
        &[
            row(&[
                same(First, r#"{"parent":1}"#),
                same(Second, r#"{"parent":null}"#),
                same(First, r#"{"parent":404}"#),
                same(Second, r#"{"parent":1}"#),
            ]),
            row(&[same(Second, r#"{"parent":1}"#), same(First, r#"{"parent":null}"#)]),
        ],
    ),
    kind(
        "reference_removed",
        &[
            row(&[
                same(First, r##"{"parent":#}"##),
                same(Second, r#"{"parent":404}"#),
                same(First, r#"{"parent":405}"#),
            ]),
            row(&[same(Second, r#"{"parent":406}"#), same(First, r##"{"parent":#}"##)]),
        ],
    ),
    kind(
        "generated_added",
        &[
            row(&[
                act(First, r#"{"label":"A#"}"#, r#"{"label":"A#"}"#, r#"{"label":"A#","folded":"a#"}"#),
                act(Second, r#"{"label":"B#"}"#, r#"{"label":"B#"}"#, r#"{"label":"B#","folded":"b#"}"#),
                act(First, r#"{"label":"C#"}"#, r#"{"label":"C#"}"#, r#"{"label":"C#","folded":"c#"}"#),
            ]),
            row(&[act(Second, r#"{"label":"D#"}"#, r#"{"label":"D#"}"#, r#"{"label":"D#","folded":"d#"}"#)]),
        ],
    ),
    kind(
        "generated_removed",
        &[
            row(&[
                act(First, r#"{"label":"A#"}"#, r#"{"label":"A#","folded":"a#"}"#, r#"{"label":"A#"}"#),
                act(Second, r#"{"label":"B#"}"#, r#"{"label":"B#","folded":"b#"}"#, r#"{"label":"B#"}"#),
                act(First, r#"{"label":"C#"}"#, r#"{"label":"C#","folded":"c#"}"#, r#"{"label":"C#"}"#),
            ]),
            row(&[act(Second, r#"{"label":"D#"}"#, r#"{"label":"D#","folded":"d#"}"#, r#"{"label":"D#"}"#)]),
        ],
    ),
];
