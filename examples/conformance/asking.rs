//! What asks the client back: with requests of its own up to 2025-11-25, with its answer from 2026-07-28 on.

use rmcp::{
    ErrorData, RoleServer,
    model::{ClientCapabilities, InputRequiredResult, InputResponses, ServerRequest},
    service::RequestContext,
};
use serde_json::{Value, json};

/// Tools that need answers before they are done, which is all they do.
pub(crate) const TOOLS: [&str; 9] = [
    "test_input_required_result_capabilities",
    "test_input_required_result_elicitation",
    "test_input_required_result_list_roots",
    "test_input_required_result_multi_round",
    "test_input_required_result_multiple_inputs",
    "test_input_required_result_request_state",
    "test_input_required_result_sampling",
    "test_input_required_result_tampered_state",
    "test_streaming_elicitation",
];

/// What a request brings of an earlier round.
pub(crate) struct Given {
    pub(crate) responses: Option<InputResponses>,
    pub(crate) state: Option<String>,
}

/// What is asked at once, and what stands for having asked it.
struct Round {
    /// By the names under which the answers come.
    questions: Vec<(&'static str, Question)>,
    /// It holds nothing, so there is nothing in it to be forged; one that was not given out is refused.
    state: Option<&'static str>,
}

#[derive(Clone, Copy)]
enum Question {
    /// For one text, under this name.
    Text(&'static str),
    /// For a yes.
    Yes,
    Sample,
    Roots,
}

/// Returns what `name` asks, round by round.
fn rounds(name: &str) -> Vec<Round> {
    let round = |questions: &[(&'static str, Question)], state| Round {
        questions: questions.to_vec(),
        state,
    };
    let user = ("user_name", Question::Text("name"));
    let sample = ("capital_question", Question::Sample);
    let roots = ("client_roots", Question::Roots);
    let yes = ("confirm", Question::Yes);
    match name.trim_start_matches("test_input_required_result_") {
        "elicitation" | "test_streaming_elicitation" => vec![round(&[user], None)],
        "sampling" => vec![round(&[sample], None)],
        "list_roots" => vec![round(&[roots], None)],
        "request_state" | "tampered_state" => vec![round(&[yes], Some("asked"))],
        "multiple_inputs" => vec![round(&[user, sample, roots], Some("asked"))],
        "multi_round" => vec![
            round(
                &[("step1", Question::Text("name"))],
                Some("asked for the name"),
            ),
            round(
                &[("step2", Question::Text("color"))],
                Some("asked for the color"),
            ),
        ],
        "capabilities" => vec![round(&[user, sample], None)],
        "prompt" => vec![round(&[("user_context", Question::Text("context"))], None)],
        _ => Vec::new(),
    }
}

/// Returns what `name` has to ask before it can be done; `None` when nothing is missing.
pub(crate) fn missing(
    name: &str,
    given: Given,
    context: &RequestContext<RoleServer>,
) -> Result<Option<InputRequiredResult>, ErrorData> {
    let rounds = rounds(name);
    let mut at = 0;
    if let Some(state) = &given.state {
        let known = rounds.iter().position(|round| round.state == Some(state));
        at = known.ok_or_else(|| {
            ErrorData::invalid_params("the requestState is not one that was given out", None)
        })?;
    }
    let Some(asked) = rounds.get(at) else {
        return Ok(None);
    };
    let answers = given.responses.unwrap_or_default();
    let is_answered = |(name, question): &(&str, Question)| {
        let answer = answers.get(*name);
        answer.is_some_and(|answer| question.is_answered_by(answer))
    };
    if given.state.as_deref() == asked.state && asked.questions.iter().all(is_answered) {
        at += 1;
    }
    let Some(next) = rounds.get(at) else {
        return Ok(None);
    };
    let capabilities = context.client_capabilities().unwrap_or_default();
    let questions = next
        .questions
        .iter()
        .filter(|(_, question)| question.may_be_asked(&capabilities))
        .map(|(name, question)| ((*name).to_owned(), question.request()))
        .collect();
    let questions = serde_json::from_value(Value::Object(questions)).unwrap();
    let state = next.state.map(ToOwned::to_owned);
    Ok(Some(InputRequiredResult::new(Some(questions), state)))
}

impl Question {
    fn request(self) -> Value {
        match self {
            Self::Text(name) => elicitation(
                &format!("What is the {name}?"),
                &json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] }),
            ),
            Self::Yes => elicitation(
                "Please confirm",
                &json!({ "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"] }),
            ),
            Self::Sample => sampling("What is the capital of France?"),
            Self::Roots => json!({ "method": "roots/list", "params": {} }),
        }
    }

    fn may_be_asked(self, capabilities: &ClientCapabilities) -> bool {
        match self {
            Self::Text(_) | Self::Yes => capabilities.elicitation.is_some(),
            Self::Sample => capabilities.sampling.is_some(),
            Self::Roots => capabilities.roots.is_some(),
        }
    }

    fn is_answered_by(self, answer: &Value) -> bool {
        let is_accepted = answer["action"] == "accept";
        match self {
            Self::Text(name) => is_accepted && answer["content"][name].is_string(),
            Self::Yes => is_accepted && answer["content"]["ok"].is_boolean(),
            Self::Sample => answer["content"]["text"].is_string(),
            Self::Roots => answer["roots"].is_array(),
        }
    }
}

fn elicitation(message: &str, schema: &Value) -> Value {
    let params = json!({ "mode": "form", "message": message, "requestedSchema": schema });
    json!({ "method": "elicitation/create", "params": params })
}

fn sampling(prompt: &str) -> Value {
    let content = json!({ "type": "text", "text": prompt });
    let messages = json!([{ "role": "user", "content": content }]);
    json!({ "method": "sampling/createMessage", "params": { "messages": messages, "maxTokens": 100 } })
}

/// Has the client's model answer, and returns what it said.
pub(crate) async fn sample(
    context: &RequestContext<RoleServer>,
    prompt: &str,
) -> Result<String, ErrorData> {
    let answer = ask(context, sampling(prompt)).await?;
    Ok(answer["content"]["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// Has the client's user answer, and returns what came of it.
pub(crate) async fn elicit(
    context: &RequestContext<RoleServer>,
    message: &str,
    schema: Value,
) -> Result<String, ErrorData> {
    let answer = ask(context, elicitation(message, &schema)).await?;
    let action = answer["action"].as_str().unwrap_or_default();
    Ok(format!("action={action}, content={}", answer["content"]))
}

async fn ask(context: &RequestContext<RoleServer>, request: Value) -> Result<Value, ErrorData> {
    let request: ServerRequest = serde_json::from_value(request).unwrap();
    let answer = context.peer.send_request(request).await;
    let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(serde_json::to_value(answer).unwrap())
}

pub(crate) fn who() -> Value {
    json!({
        "type": "object",
        "properties": {
            "username": { "type": "string", "description": "User's response" },
            "email": { "type": "string", "description": "User's email address" },
        },
        "required": ["username", "email"],
    })
}

pub(crate) fn defaults() -> Value {
    let states = ["active", "inactive", "pending"];
    json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "default": "John Doe" },
            "age": { "type": "integer", "default": 30 },
            "score": { "type": "number", "default": 95.5 },
            "status": { "type": "string", "enum": states, "default": "active" },
            "verified": { "type": "boolean", "default": true },
        },
    })
}

pub(crate) fn choices() -> Value {
    let plain = ["option1", "option2", "option3"];
    let titled = json!([
        { "const": "value1", "title": "First" },
        { "const": "value2", "title": "Second" },
        { "const": "value3", "title": "Third" },
    ]);
    json!({
        "type": "object",
        "properties": {
            "untitledSingle": { "type": "string", "enum": plain },
            "titledSingle": { "type": "string", "oneOf": titled },
            "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["One", "Two", "Three"] },
            "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
            "titledMulti": { "type": "array", "items": { "anyOf": titled } },
        },
    })
}
