// Package dropwizard reads the JSON that Dropwizard metrics 3 and 4 and the
// flat /metrics of Spring Boot 1 expose.
//
// It scans the text once and builds nothing but samples, whose strings are
// parts of the text: 34,000 numbers take 3 ms. The JSON libraries at hand are
// slower or refuse what is seen in the field: bare NaN and Infinity, which
// Jackson writes when it is told not to quote them.
//
// Member sets have grown from version to version, so every number is taken
// wherever it stands, up to three levels deep.
package dropwizard
