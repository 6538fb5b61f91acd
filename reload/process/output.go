package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Format is what becomes of the lines that a program prints.
type Format string

// The formats. The empty one passes the streams on untouched.
const (
	Prefix Format = "prefix" // name | line
	JSON   Format = "json"   // {"time":…,"program":…,"stream":…,"line":…}
)

// Filter changes a line before it is printed, to mask secrets.
type Filter interface{ Redact(line string) string }

// Output is what becomes of what a program prints.
type Output struct {
	Format Format
	Name   string // of the program, in its lines
	Filter Filter // nil changes nothing
}

const (
	lineMax = 64 << 10 // a longer line is broken
	backlog = 1024     // lines that wait for whoever reads them; more are dropped
	drain   = time.Second
)

// printer prints the lines of one program. The program never waits for it: what
// nobody reads in time is dropped, and counted.
type printer struct {
	Output
	lines   chan line
	dropped atomic.Int64
	readers sync.WaitGroup
	reads   []*os.File // ends of the pipes
	writes  []*os.File
	done    chan struct{}
}

type line struct {
	stream *os.File
	text   string
}

// newPrinter makes the pipes of a program.
func newPrinter(o Output) (*printer, error) {
	p := &printer{Output: o, lines: make(chan line, backlog), done: make(chan struct{})}
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			p.close()
			return nil, fmt.Errorf("making a pipe: %w", err)
		}
		p.reads, p.writes = append(p.reads, r), append(p.writes, w)
	}
	return p, nil
}

// start begins to read, once the program has its ends.
func (p *printer) start() {
	for _, w := range p.writes {
		_ = w.Close() // nothing was written by us
	}
	for i, stream := range []*os.File{os.Stdout, os.Stderr} {
		p.readers.Go(func() { p.read(p.reads[i], stream) })
	}
	go p.print()
	go func() {
		p.readers.Wait()
		close(p.lines)
	}()
}

// read takes the lines of a stream.
func (p *printer) read(from *os.File, stream *os.File) {
	in := bufio.NewReaderSize(from, lineMax)
	for {
		text, err := in.ReadSlice('\n')
		if len(text) > 0 {
			select {
			case p.lines <- line{stream, string(trimNewline(text))}:
			default:
				p.dropped.Add(1)
			}
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func trimNewline(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		return text[:n-1]
	}
	return text
}

// print prints lines until there are no more.
func (p *printer) print() {
	defer close(p.done)
	for l := range p.lines {
		if n := p.dropped.Swap(0); n > 0 {
			p.write(os.Stderr, fmt.Sprintf("%d lines were dropped here, because they were not read in time", n))
		}
		p.write(l.stream, l.text)
	}
}

func (p *printer) write(to *os.File, text string) {
	if p.Filter != nil {
		text = p.Filter.Redact(text)
	}
	_, _ = io.WriteString(to, p.format(to, text)) // there is nobody to tell
}

func (p *printer) format(to *os.File, text string) string {
	if p.Format != JSON {
		return p.Name + " | " + text + "\n"
	}
	stream := "stdout"
	if to == os.Stderr {
		stream = "stderr"
	}
	b, err := json.Marshal(struct {
		Time    time.Time `json:"time"`
		Program string    `json:"program"`
		Stream  string    `json:"stream"`
		Line    string    `json:"line"`
	}{time.Now(), p.Name, stream, text})
	if err != nil {
		return text + "\n"
	}
	return string(b) + "\n"
}

// finish waits a little until what the program printed last is printed, too. A
// program that it left running, outside of its group, is not read any longer.
func (p *printer) finish() {
	for _, r := range p.reads {
		_ = r.SetReadDeadline(time.Now().Add(drain))
	}
	late := time.NewTimer(2 * drain)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
	}
	p.close()
}

func (p *printer) close() {
	for _, f := range append(p.reads, p.writes...) {
		_ = f.Close() // closed twice at most
	}
}
