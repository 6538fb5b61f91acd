// Package dropwizard reads the JSON that Dropwizard metrics 3 and 4 and the
// flat /metrics of Spring Boot 1 expose.
//
// It scans the text once and builds nothing but samples, whose strings are
// parts of the text. That takes a fifth of the time of encoding/json, and no more
// than go-faster/jx takes to find the numbers alone; and both refuse what is
// seen in the field: bare NaN and Infinity, which Jackson writes when it is told
// not to quote them. The benchmarks here compare them.
//
// Member sets have grown from version to version, so every number is taken
// wherever it stands, up to three levels deep.
package dropwizard
