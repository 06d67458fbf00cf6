/** Reads the texts in a form or a JSON object by their keys; what is missing, or no text, reads as empty. */
export function parseFields(body: string, contentType: string): (key: string) => string {
  if (!contentType.includes('json')) {
    const form = new URLSearchParams(body);
    return (key) => form.get(key) ?? '';
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    parsed = null;
  }
  const members = new Map(Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {}));
  return (key) => {
    const value: unknown = members.get(key);
    return typeof value === 'string' ? value : '';
  };
}
