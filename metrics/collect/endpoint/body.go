package endpoint

import (
	"fmt"
	"io"
	"strings"

	"concierge/metrics"
)

// Body takes an answer up to a limit. What is written to it becomes one string
// without being copied again.
type Body struct {
	limit   int
	text    strings.Builder
	before  int // size of the last one: the next will be alike
	passing []byte
}

// passingSize is how much is read at once.
const passingSize = 32 << 10

var _ io.Writer = (*Body)(nil)

func (b *Body) begin() {
	b.text.Reset()
	b.Expect(b.before + b.before/16)
}

// Expect makes room for an answer of n bytes, if one so large is allowed and n
// is not a lie that would cost more than 1 MiB.
func (b *Body) Expect(n int) {
	if more := min(n, b.limit, max(b.before+b.before/16, 1<<20)); more > b.text.Cap() {
		b.text.Grow(more - b.text.Len())
	}
}

// Write takes the next part. Its error wraps [metrics.ErrTooBig].
func (b *Body) Write(p []byte) (int, error) {
	if len(p) > b.limit-b.text.Len() {
		return 0, fmt.Errorf("more than %d bytes (see max_bytes): %w", b.limit, metrics.ErrTooBig)
	}
	return b.text.Write(p)
}

// ReadFrom takes all of r.
func (b *Body) ReadFrom(r io.Reader) (int64, error) {
	if b.passing == nil {
		b.passing = make([]byte, passingSize)
	}
	return io.CopyBuffer(onlyWriter{b}, onlyReader{r}, b.passing)
}

// onlyReader and onlyWriter hide the other abilities of what they hold, for
// which io.CopyBuffer would not use the buffer.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// take returns what was written and forgets it.
func (b *Body) take() string {
	text := b.text.String()
	b.text = strings.Builder{}
	b.before = len(text)
	return text
}
