package sources

// Batch collects what a source reports next. Of each query the newest word
// counts. It is owned by one goroutine.
type Batch struct {
	source string
	update Update
	due    bool
}

// NewBatch returns an empty batch of the named source.
func NewBatch(source string) *Batch {
	return &Batch{source: source, update: Update{Source: source}}
}

// Expect makes room for n answers.
func (b *Batch) Expect(n int) {
	if b.update.Values == nil {
		b.update.Values = make(map[Query]Value, n)
	}
}

// Answer adds a new answer.
func (b *Batch) Answer(q Query, v Value) {
	delete(b.update.Failed, q)
	b.Expect(1)
	b.update.Values[q] = v
	b.due = true
}

// Refuse adds the refusal of a query.
func (b *Batch) Refuse(q Query, err error) {
	delete(b.update.Values, q)
	if b.update.Failed == nil {
		b.update.Failed = make(map[Query]error)
	}
	b.update.Failed[q] = err
	b.due = true
}

// Force makes the batch due even if it is empty: it ends an outage.
func (b *Batch) Force() { b.due = true }

// Due reports whether there is something to report.
func (b *Batch) Due() bool { return b.due }

// Take returns the update and empties the batch.
func (b *Batch) Take() Update {
	u := b.update
	b.update, b.due = Update{Source: b.source}, false
	return u
}
