import type { VNode } from 'preact';
import { resourceLocation, resourceName, type ResourceView } from './resource-name.js';

/** What people call a resource, and where it is, if that says more. */
export function ResourcePlace({ resource }: { resource: ResourceView }): VNode {
  return (
    <>
      <bdi>{resourceName(resource)}</bdi>
      {resource.name ? (
        <code>
          <bdi dir="ltr">{resourceLocation(resource.url)}</bdi>
        </code>
      ) : null}
    </>
  );
}
