// For esbuild. The protocol's library brings a validator of JSON Schema (134 KB) for forms that a server has its user fill in: ours has none.
export const protocolWithoutForms = {
  name: 'protocol-without-forms',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/ajv-provider\.js$/ }, ({ path }) => ({ path, namespace: 'without-forms' }));
    onLoad({ filter: /./, namespace: 'without-forms' }, () => ({
      contents:
        "export class AjvJsonSchemaValidator { getValidator() { throw new Error('this server asks for no forms'); } }",
    }));
  },
};
