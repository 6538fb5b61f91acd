package process

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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

// tooLong stands for a line that was not read as a whole, so that what has to
// be masked in it could not be found.
const tooLong = "(a line of more than 64 KiB is not shown, because secrets in it could not be masked)"

// printer prints the lines of one program.
type printer struct{ streams []*stream }

// newPrinter makes the pipes of a program.
func newPrinter(o Output) (*printer, error) {
	p := new(printer)
	for _, to := range []*os.File{os.Stdout, os.Stderr} {
		r, w, err := os.Pipe()
		if err != nil {
			p.close()
			return nil, fmt.Errorf("making a pipe: %w", err)
		}
		p.streams = append(p.streams, &stream{
			Output: o, to: to, read: r, write: w, lines: make(chan string, backlog), done: make(chan struct{}),
		})
	}
	return p, nil
}

// start begins to read, once the program has its ends.
func (p *printer) start() {
	for _, s := range p.streams {
		_ = s.write.Close() // nothing was written by us
		go s.take()
		go s.print()
	}
}

// finish waits a little until what the program printed last is printed, too. A
// program that it left running, outside of its group, is not read any longer.
func (p *printer) finish() {
	for _, s := range p.streams {
		_ = s.read.SetReadDeadline(time.Now().Add(drain))
	}
	late := time.NewTimer(2 * drain)
	defer late.Stop()
	for _, s := range p.streams {
		select {
		case <-s.done:
		case <-late.C:
			p.close()
			return
		}
	}
	p.close()
}

func (p *printer) close() {
	for _, s := range p.streams {
		_, _ = s.read.Close(), s.write.Close() // closed twice at most
	}
}

// stream is one of the two. The program never waits for it: what nobody reads
// in time is dropped, and counted where it is missing. The other stream is not
// concerned.
type stream struct {
	Output
	to          *os.File
	read, write *os.File // the ends of the pipe
	lines       chan string
	dropped     atomic.Int64
	done        chan struct{} // closed when everything is printed
}

// take takes the lines that the program prints.
func (s *stream) take() {
	defer close(s.lines)
	in := bufio.NewReaderSize(s.read, lineMax)
	broken := false // the line began in an earlier piece
	for {
		text, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if len(text) > 0 {
			s.offer(string(trimNewline(text)), broken || long)
		}
		if broken = long; err != nil && !long {
			return
		}
	}
}

// offer hands a line, or a part of one, to the one who prints.
func (s *stream) offer(text string, part bool) {
	switch {
	case s.Filter != nil && part:
		text = tooLong
	case s.Filter != nil:
		text = s.Filter.Redact(text)
	}
	select {
	case s.lines <- text:
	default:
		s.dropped.Add(1)
	}
}

func trimNewline(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		return text[:n-1]
	}
	return text
}

// print prints lines until there are no more.
func (s *stream) print() {
	defer close(s.done)
	for text := range s.lines {
		s.confess()
		s.put(text)
	}
	s.confess()
}

// confess says how many lines are missing here.
func (s *stream) confess() {
	if n := s.dropped.Swap(0); n > 0 {
		s.put(fmt.Sprintf("%d lines were dropped here, because they were not read in time", n))
	}
}

func (s *stream) put(text string) { _, _ = io.WriteString(s.to, s.format(text)) } // there is nobody to tell

func (s *stream) format(text string) string {
	if s.Format != JSON {
		return s.Name + " | " + text + "\n"
	}
	name := "stdout"
	if s.to == os.Stderr {
		name = "stderr"
	}
	b, err := json.Marshal(struct {
		Time    time.Time `json:"time"`
		Program string    `json:"program"`
		Stream  string    `json:"stream"`
		Line    string    `json:"line"`
	}{time.Now(), s.Name, name, text})
	if err != nil {
		return text + "\n"
	}
	return string(b) + "\n"
}
