package endpoint

import (
	"fmt"
	"mime"
	"strings"
)

// Format is how an endpoint writes what it has to say.
type Format string

// The formats.
const (
	// Auto goes by the content type, and where that says nothing by how the
	// text begins.
	Auto        Format = ""
	Dropwizard  Format = "dropwizard"  // also the flat object of Spring Boot 1
	Prometheus  Format = "prometheus"  // text 0.0.4 and 1.0.0
	OpenMetrics Format = "openmetrics" // 1.0
	None        Format = "none"        // is not looked at: only a document
)

// ParseFormat reads a format from a setting: its name, auto, or actuator for
// what Spring Boot 1 has at /metrics.
func ParseFormat(name string) (Format, error) {
	switch f := Format(name); f {
	case "auto":
		return Auto, nil
	case "actuator":
		return Dropwizard, nil
	case Auto, Dropwizard, Prometheus, OpenMetrics, None:
		return f, nil
	}
	return "", fmt.Errorf("format %q is not known: write auto, dropwizard, actuator, prometheus, openmetrics or none", name)
}

// unknown is the format of a text that nobody can read.
const unknown Format = "unknown"

func detect(contentType, text string) Format {
	// A content type that cannot be read says nothing.
	switch kind, _, _ := mime.ParseMediaType(contentType); {
	case kind == "application/openmetrics-text":
		return OpenMetrics
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return Dropwizard
	}
	return look(text)
}

// look tells the format by the first sign and, for OpenMetrics, the last line.
func look(text string) Format {
	start := trim(text)
	switch {
	case start == "":
		return Prometheus // nothing to say; a server without metrics does that
	case start[0] == '<':
		return unknown // a page for people
	case start[0] == '{' && !braced(start):
		return Dropwizard
	case strings.HasSuffix(strings.TrimRight(text, "\r\n"), "\n# EOF"):
		return OpenMetrics
	}
	return Prometheus
}

// braced tells a line such as {"my.name",label="x"} 1 from a JSON object, in
// which a colon follows the first string.
func braced(text string) bool {
	rest := trim(text[1:])
	if !strings.HasPrefix(rest, `"`) {
		return !strings.HasPrefix(rest, "}")
	}
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case '"':
			rest = trim(rest[i+1:])
			return rest != "" && rest[0] != ':'
		}
	}
	return false
}

func trim(text string) string { return strings.TrimLeft(text, " \t\r\n") }
