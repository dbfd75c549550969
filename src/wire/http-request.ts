/** RFC 9112 §3: method SP request-target SP HTTP-version; of the methods a browser can be made to send. */
const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|CONNECT) \S+ HTTP\/\d\.\d\r?\n?$/;

/**
 * Whether a line of another protocol (wire string, its line end may be left out) is the first of an HTTP request: from a browser that
 * was tricked into talking to us. Nothing behind it is for us, least of all what looks like commands.
 */
export function isHttpRequestLine(line: string): boolean {
  return REQUEST_LINE.test(line);
}
