package consul

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/go-faster/jx"

	"concierge/sources"
)

// keyList is a list of pairs that is decoded while it arrives. The API library
// would hold all of its text, and decode ten thousand pairs in about five times
// the time. So a request says in its context that wire is to decode the answer,
// and leaves an empty list for the library.
type keyList struct {
	older  ranged   // what is the same is not kept twice
	wanted []string // sorted; decoding ends when most is something else
	pairs  ranged

	key, value     []byte // of the pair that is being decoded
	useful, wasted int    // bytes so far
}

type keyListKey struct{}

// decoded returns a context in which wire decodes the answer into l.
func (l *keyList) decoded(ctx context.Context) context.Context {
	return context.WithValue(ctx, keyListKey{}, l)
}

// takeKeyList decodes an answer for whose request that was asked.
func takeKeyList(resp *http.Response) error {
	l, asked := resp.Request.Context().Value(keyListKey{}).(*keyList)
	if !asked || resp.StatusCode != http.StatusOK {
		return nil
	}
	err := l.decode(resp.Body)
	_ = resp.Body.Close() // it was read, or failed to be
	resp.Body = io.NopCloser(strings.NewReader("[]"))
	return err
}

// decode reads a list of pairs, sorted by key. After an error the list holds
// some of them.
func (l *keyList) decode(r io.Reader) error {
	l.pairs = make(ranged, 0, len(l.older))
	d := jx.Decode(r, 64<<10)
	if err := d.Arr(l.pair); err != nil {
		return fmt.Errorf("decoding a list of keys: %w", err)
	}
	// Consul sorts bytes; bytes that are no UTF-8 have become others in its text.
	if !slices.IsSortedFunc(l.pairs, byPaths) {
		slices.SortStableFunc(l.pairs, byPaths)
	}
	return nil
}

func byPaths(a, b sources.KeyPair) int { return strings.Compare(a.Path, b.Path) }

func (l *keyList) pair(d *jx.Decoder) error {
	var p sources.KeyPair
	l.value = l.value[:0]
	err := d.ObjBytes(func(d *jx.Decoder, field []byte) (err error) {
		switch string(field) {
		case "Key":
			l.key, err = d.StrAppend(l.key[:0])
		case "Value":
			l.value, err = appendValue(l.value, d)
		case "CreateIndex":
			p.CreateIndex, err = d.UInt64()
		case "ModifyIndex":
			p.ModifyIndex, err = d.UInt64()
		case "LockIndex":
			p.LockIndex, err = d.UInt64()
		case "Flags":
			p.Flags, err = d.UInt64()
		case "Session":
			p.Session, err = d.Str()
		default:
			err = d.Skip()
		}
		return err
	})
	if err != nil {
		return err
	}
	p.Path, p.Value = l.strings()
	l.pairs = append(l.pairs, p)
	return l.weigh(p)
}

// weigh returns an error if most of the list is not wanted.
func (l *keyList) weigh(p sources.KeyPair) error {
	if l.wanted == nil {
		return nil
	}
	size := len(p.Path) + len(p.Value) + pairBytes
	if _, wanted := slices.BinarySearch(l.wanted, p.Path); wanted {
		l.useful += size
		return nil
	}
	if l.wasted += size; l.wasted > sparseBytes+sparseShare*l.useful {
		return errSparse
	}
	return nil
}

// appendValue decodes a value, which is null if it is empty.
func appendValue(to []byte, d *jx.Decoder) ([]byte, error) {
	if d.Next() == jx.Null {
		return to, d.Null()
	}
	text, err := d.StrBytes()
	if err != nil {
		return to, err
	}
	return base64.StdEncoding.AppendDecode(to, text)
}

// strings returns the key and the value, those of the older list if they are
// the same.
func (l *keyList) strings() (key, value string) {
	for len(l.older) > 0 && l.older[0].Path < string(l.key) {
		l.older = l.older[1:]
	}
	if len(l.older) == 0 || l.older[0].Path != string(l.key) {
		return string(l.key), string(l.value)
	}
	same := l.older[0]
	if same.Value == string(l.value) {
		return same.Path, same.Value
	}
	return same.Path, string(l.value)
}
