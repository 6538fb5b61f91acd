package render

import "concierge/secrets"

// notShown is the cause of a failure that cannot be told without the secret.
const notShown = "not shown, because it depends on a secret"

// showable returns what may be told of a failure on l after a secret was read.
// The text of the failure is made of what functions made of the secret, in
// forms that no search can know. So the template is executed once more on
// masked values: if that fails at the same place, it tells the same cause in
// words that hold no secret.
func (t *Template) showable(failed *Error, l Lookup) *Error {
	// Hints of functions quote their arguments, those of advice never do.
	shown := &Error{File: failed.File, Line: failed.Line, Column: failed.Column, Func: failed.Func,
		Cause: notShown, Hint: advice(failed)}
	if _, again := t.once(Masked(l)); again != nil && samePlace(again, failed) {
		shown.Cause, shown.Hint = again.Cause, again.Hint
	}
	return shown
}

func samePlace(a, b *Error) bool {
	return a.File == b.File && a.Line == b.Line && a.Column == b.Column && a.Func == b.Func
}

// redacted returns e without the secrets that r knows: a second line of
// defence, for one that comes another way than in a tainted value.
func (e *Error) redacted(r *secrets.Redactor) *Error {
	shown := *e
	shown.Cause, shown.Hint = r.Redact(e.Cause), r.Redact(e.Hint)
	return &shown
}
