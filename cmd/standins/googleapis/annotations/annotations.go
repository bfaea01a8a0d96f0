// Package annotations is empty. etcd's services import the package of this name
// for the HTTP paths of their methods, which only the generator of its gateway
// reads; in a program it costs start-up. A replace directive of the root module
// puts it there. The paths stay in the descriptors, as fields nobody knows.
package annotations
