// Package options is empty. etcd's messages import the package of this name for
// the options of their OpenAPI page, which only its generator reads; in a program
// they cost start-up. A replace directive of the root module puts it there.
package options
