package agent

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"concierge/reload"
	"concierge/render"
	"concierge/render/output"
)

// written is one file that a template writes with writeToFile, on its way to
// the supervisor.
type written struct {
	target output.Target
	calls  []render.Write // in order
	// done says that the calls are in place, so what they append is not
	// appended again.
	done *bool
}

// writesOf groups the calls of one execution by file.
func writesOf(r render.Result, done *bool) []written {
	var files []written
	at := make(map[string]int)
	for _, w := range r.Writes {
		n, again := at[w.Path]
		if !again {
			n = len(files)
			at[w.Path] = n
			files = append(files, written{done: done})
		}
		f := &files[n]
		f.calls = append(f.calls, w)
		f.target = output.Target{ // the last call decides
			Path: w.Path, Mode: w.Mode, User: w.User, Group: w.Group,
			Secret: r.Tainted, CreateDirs: true, NoLinks: true,
		}
	}
	return files
}

// content returns what the file is to hold.
func (w written) content() ([]byte, error) {
	var text []byte
	if w.calls[0].Append {
		old, err := os.ReadFile(w.target.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		text = old
		if *w.done {
			return text, nil
		}
	}
	for _, call := range w.calls {
		if !call.Append {
			text = nil
		}
		text = append(text, call.Content...)
		if call.Newline {
			text = append(text, '\n')
		}
	}
	return text, nil
}

// Stage implements reload.File.
func (w written) Stage() (reload.Staged, error) {
	text, err := w.content()
	if err != nil {
		return nil, err
	}
	return output.Stage(w.target, text)
}

// sumOf is the digest of all that an execution wants written.
func sumOf(r render.Result) digest {
	if len(r.Writes) == 0 {
		return sha256.Sum256(r.Output)
	}
	h := sha256.New()
	h.Write(r.Output)
	for _, w := range r.Writes {
		h.Write([]byte("\x00" + w.Path + "\x00" + w.User + "\x00" + w.Group + "\x00" + w.Mode.String() + strconv.FormatBool(w.Append) + strconv.FormatBool(w.Newline) + "\x00"))
		h.Write(w.Content)
	}
	var d digest
	h.Sum(d[:0])
	return d
}
