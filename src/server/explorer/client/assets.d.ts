/** What esbuild makes of the files that are not scripts. */
declare module '*.css' {}

declare module '*.graphql' {
  const text: string;
  export default text;
}
