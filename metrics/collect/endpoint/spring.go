package endpoint

import (
	"encoding/json"
	"errors"
	"strings"
)

var errIndex = errors.New("it is a list of names and links of Spring Boot, without the values: " +
	"read /actuator/prometheus instead (the application needs micrometer-registry-prometheus)")

// springsIndex is the error for what Spring Boot since 2 has at /actuator and
// /actuator/metrics, and below the latter for one metric. As Dropwizard's JSON
// these have no values, or senseless ones. They are known by how they begin.
func springsIndex(text string) error {
	const enough = 256 // bytes for the first name and what follows; a longer one is another
	d := json.NewDecoder(strings.NewReader(text[:min(len(text), enough)]))
	var begin [3]json.Token
	for i := range begin {
		var err error
		if begin[i], err = d.Token(); err != nil {
			return nil // the parser says what is wrong with it
		}
	}
	array, object := begin[2] == json.Delim('['), begin[2] == json.Delim('{')
	_, word := begin[2].(string)
	switch name := begin[1]; {
	case begin[0] != json.Delim('{'):
	case name == "names" && array, name == "_links" && object:
		return errIndex
	case name == "name" && word && strings.Contains(text, `"measurements"`):
		return errIndex
	}
	return nil
}
