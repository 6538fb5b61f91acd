package rollout

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
)

// major is the version of everything that is written. A reader refuses another
// one, because it would not know what it does not know; a later minor version
// only adds fields, and these are kept when the record is written again.
const major = 1

// ErrVersion says that an entry is of a version that this program does not
// know; then nothing of the set is touched.
var ErrVersion = errors.New("written by another major version of concierge: bring all instances to the same version")

// extra are the fields of a later minor version.
type extra map[string]json.RawMessage

// entry is the form of all values in the store.
type entry[T any] struct {
	V    int `json:"v"`
	Body T   `json:"is"`
}

func encode[T any](body T) []byte {
	data, err := json.Marshal(entry[T]{major, body})
	if err != nil {
		panic("encoding " + reflect.TypeFor[T]().Name() + ": " + err.Error()) // plain structs cannot fail
	}
	return data
}

func decode[T any](data []byte) (T, error) {
	var e entry[T]
	err := json.Unmarshal(data, &e)
	if e.V != major && (err == nil || e.V > major) {
		return e.Body, fmt.Errorf("version %d: %w", e.V, ErrVersion)
	}
	return e.Body, err
}

func encodeRecord(r Record) []byte {
	if len(r.extra) == 0 {
		return encode(r)
	}
	all := maps.Clone(r.extra)
	var own entry[extra]
	if err := json.Unmarshal(encode(r), &own); err != nil {
		panic("encoding a rollout: " + err.Error()) // it was written the line before
	}
	maps.Copy(all, own.Body)
	return encode(all)
}

func decodeRecord(data []byte) (Record, error) {
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	var e entry[Record]
	if err := strict.Decode(&e); err == nil && e.V == major {
		return e.Body, nil // the ordinary case: nothing is unknown
	}
	r, err := decode[Record](data)
	if err != nil {
		return Record{}, err
	}
	all, err := decode[extra](data)
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return known(name) })
	r.extra = all
	return r, err
}

// known says whether a name is that of a field; as the decoder, in any case.
func known(name string) bool {
	for f := range reflect.TypeFor[Record]().Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag != "" && strings.EqualFold(tag, name) {
			return true
		}
	}
	return false
}
