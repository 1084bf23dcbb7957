/**
 * What the home agent alone inherits of the environment that `up` was started with: AWS's own variables, and where
 * `~/.aws` is. As root that is the home agent's folder, since its user has no other.
 */
export function awsEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  agentFolder: string,
  isRoot: boolean,
): Record<string, string> {
  const found: Record<string, string> = { HOME: (isRoot ? undefined : own['HOME']) ?? agentFolder };
  for (const [name, value] of Object.entries(own))
    if (/^AWS_[A-Z0-9_]+$/.test(name) && value !== undefined) found[name] = value;
  return found;
}
