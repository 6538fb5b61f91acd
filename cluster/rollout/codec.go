package rollout

import (
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

type extra map[string]json.RawMessage

func encode[T any](body T) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		panic("encoding " + reflect.TypeFor[T]().Name() + ": " + err.Error()) // plain structs cannot fail
	}
	return append([]byte(fmt.Sprintf(`{"v":%d,`, major)), data[1:]...)
}

func decode[T any](data []byte) (T, error) {
	var head struct {
		V int `json:"v"`
	}
	var body T
	if err := json.Unmarshal(data, &head); err != nil {
		return body, err
	}
	if head.V != major {
		return body, fmt.Errorf("version %d: %w", head.V, ErrVersion)
	}
	return body, json.Unmarshal(data, &body)
}

func encodeRecord(r Record) []byte {
	data := encode(r)
	if len(r.extra) == 0 {
		return data
	}
	rest := encode(r.extra)
	return append(append(data[:len(data)-1], ','), rest[len(`{"v":1,`):]...)
}

func decodeRecord(data []byte) (Record, error) {
	r, err := decode[Record](data)
	if err != nil {
		return Record{}, err
	}
	var all extra
	if err := json.Unmarshal(data, &all); err != nil {
		return Record{}, err
	}
	maps.DeleteFunc(all, func(name string, _ json.RawMessage) bool { return known(name) })
	if len(all) > 0 {
		r.extra = all
	}
	return r, nil
}

// known says whether a name is that of a field; as the decoder, in any case.
func known(name string) bool {
	if strings.EqualFold(name, "v") {
		return true
	}
	for f := range reflect.TypeFor[Record]().Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag != "" && strings.EqualFold(tag, name) {
			return true
		}
	}
	return false
}
