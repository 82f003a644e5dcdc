//! Servers that send no answer, or that close or stop within it.

use super::*;

pub fn rows() -> Vec<Row> {
    let good = || answer("200 OK", &[], good_json());
    let half = || good()[..30].to_vec();
    let on = |name: &str, port: fn(Vec<Step>) -> Port, all: Outcome| Row {
        port,
        ..Row::raw(name, Vec::new(), all, all)
    };
    vec![
        on("a port where nothing listens", |_| Port::Refusing, UNREACHABLE),
        on("a listener whose queue is full", |_| Port::Full, LATE),
        on("a listener that accepts nothing", |_| Port::Idle, LATE),
        Row::raw("accepts and is silent", vec![Step::Hold], LATE, LATE),
        Row::new("reads the request and is silent", vec![Step::Hold], LATE, LATE),
        Row::raw("closes at once", vec![Step::Drop], HUNG_UP, HUNG_UP),
        Row::raw("resets at once", vec![Step::Reset], HUNG_UP, HUNG_UP),
        Row::new("closes after the request", vec![], CUT, CUT),
        Row::new("resets after the request", vec![Step::Reset], HUNG_UP, HUNG_UP),
        Row::raw("closes its sending half at once", vec![Step::HalfClose], CUT, CUT),
        Row::new("resets within the head", vec![Step::send(half()), Step::Reset], HUNG_UP, HUNG_UP),
        Row::new(
            "resets within the body",
            vec![Step::send(&good()[..good().len() - 5]), Step::Reset],
            HUNG_UP,
            HUNG_UP,
        ),
        Row::raw("answers before the request", vec![Step::send(good())], GOOD, OK),
        Row::new(
            "keeps the connection open after a whole answer",
            vec![Step::send(good()), Step::Hold],
            GOOD,
            OK,
        ),
        Row::new("stops within the head", vec![Step::send(half()), Step::Hold], LATE, LATE),
        Row::new(
            "stops within the body",
            vec![Step::send(&good()[..good().len() - 5]), Step::Hold],
            LATE,
            LATE,
        ),
    ]
}
